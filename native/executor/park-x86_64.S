/*
 * park for x86-64, System V ABI: the lane's thread waits here, and waking up is the call. There is no dispatcher: the
 * state word turns to `request`, the registers are loaded from the frame line, and the wait ends in the C function.
 *
 *   rbx  the frame line (state at 0)             r13  address of errno
 *   r12  top of the lane's stack: stack words    r14  how often to look before sleeping
 *
 * All four are callee-saved, so they outlive the call. Integer words are read upwards (rdi is word 1), vector words
 * downwards (xmm0 is word 5): any mix of five arguments fits the line, and all ten loads are cheaper than choosing.
 * Plain stores suffice: x86-64 makes stores visible in order, so that whoever sees `done` sees the result.
 * A call rather than a pushed address and ret: return prediction stays paired, and so would a shadow stack.
 */
#include "protocol.h"

        .text
        .globl park
        .hidden park
        .type park, @function
        .globl park_start, park_end, park_abandoned
        .hidden park_start, park_end, park_abandoned
        .p2align 6
park_start:
park:
        .cfi_startproc
        .cfi_undefined rip              /* the outermost frame */
        mov     %rdi, %rbx
        lea     (SFFI_LANE_OVERFLOW - SFFI_LANE_LINE)(%rdi), %r12
        mov     %rsi, %r13
        mov     %edx, %r14d
        jmp     .Lwait

park_abandoned:                         /* rbx, r12, r13, r14 are set; the rest is as the abandoned call left it */
        cld
        fninit
        mov     %r12, %rsp
        ldmxcsr .Lmxcsr(%rip)

        .p2align 4
.Lwait:
        mov     %r12, %rsp
        mov     %r14d, %ecx
.Llook:
        cmpl    $SFFI_STATE_REQUEST, SFFI_LINE_STATE(%rbx)
        je      .Lcall
        pause
        dec     %ecx
        jns     .Llook
        mov     %rbx, %rdi
        call    park_sleep
        jmp     .Lwait

.Lcall:
        mov     SFFI_LINE_CONTROL(%rbx), %eax
        mov     SFFI_LINE_WORDS(%rbx), %rdi
        mov     SFFI_LINE_WORDS+8(%rbx), %rsi
        mov     SFFI_LINE_WORDS+16(%rbx), %rdx
        mov     SFFI_LINE_WORDS+24(%rbx), %rcx
        mov     SFFI_LINE_WORDS+32(%rbx), %r8
        test    $SFFI_WIDE_FLAG, %eax
        jnz     .Lwide
        movq    %r8, %xmm0
        movq    %rcx, %xmm1
        movq    %rdx, %xmm2
        movq    %rsi, %xmm3
        movq    %rdi, %xmm4
        call    *SFFI_LINE_FUNCTION(%rbx)
.Lreturned:
        mov     %rax, SFFI_LINE_RESULT(%rbx)
        mov     %rdx, SFFI_LINE_RESULT2(%rbx)
        movq    %xmm0, SFFI_LINE_FLOAT_RESULT(%rbx)
        movq    %xmm1, SFFI_LINE_FLOAT_RESULT2(%rbx)
        mov     (%r13), %ecx
        mov     %ecx, SFFI_LINE_ERRNO(%rbx)
        movl    $SFFI_STATE_DONE, SFFI_LINE_STATE(%rbx)
        cmpl    $0, SFFI_LINE_VM_SLEEPS(%rbx)
        je      .Lwait
        mov     %r12, %rsp
        mov     %rbx, %rdi
        call    park_wake
        jmp     .Lwait

.Lwide:
        mov     (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_INTEGER6)(%rbx), %r9
        movq    (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_VECTORS)(%rbx), %xmm0
        movq    (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_VECTORS+8)(%rbx), %xmm1
        movq    (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_VECTORS+16)(%rbx), %xmm2
        movq    (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_VECTORS+24)(%rbx), %xmm3
        movq    (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_VECTORS+32)(%rbx), %xmm4
        movq    (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_VECTORS+40)(%rbx), %xmm5
        movq    (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_VECTORS+48)(%rbx), %xmm6
        movq    (SFFI_LANE_WIDE-SFFI_LANE_LINE+SFFI_WIDE_VECTORS+56)(%rbx), %xmm7
        call    *SFFI_LINE_FUNCTION(%rbx)
        jmp     .Lreturned
        .cfi_endproc
park_end:
        .size   park, . - park

        .section .rodata
        .p2align 2
.Lmxcsr:
        .long   0x1f80

        .section .note.GNU-stack, "", @progbits
