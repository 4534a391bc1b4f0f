/*
 * park for x86-64, System V ABI: the lane's thread waits here, and waking up is the call. There is no dispatcher: the
 * state word turns to `request`, the registers are loaded from the frame line, and the wait ends in the C function.
 *
 *   rbx  the frame line (state at 0)             r13  address of errno
 *   r12  top of the stack for the call           r14  how often to look before sleeping
 *   rbp  the callback record that the line       r15  the lane
 *        nests in, or 0
 *
 * All six are callee-saved, so they outlive the call. Integer words are read upwards (rdi is word 1), vector words
 * downwards (xmm0 is word 5): any mix of five arguments fits the line, and all ten loads are cheaper than choosing.
 * Plain stores suffice: x86-64 makes stores visible in order, so that whoever sees `done` sees the result.
 * A call rather than a pushed address and ret: return prediction stays paired, and so would a shadow stack.
 *
 * A callback arrives at its thunk, which knows its number. The thread lays a callback record on the C stack and below it
 * room for a nested frame, posts `callback` with the first five integer registers in the line that C runs on, and waits
 * there. `request` takes it back into C with a result, `nest` calls from the nested line, `abandon` drops the C frames
 * down to the line's callout. Call and callback so cost the same: one line out, one line back.
 */
#include "lane-offsets.h"
#include "protocol.h"

#define RECORD_BELOW (SFFI_NESTED_RECORD + SFFI_NESTED_BELOW_LINE)
/* What sleeping and waking take of the stack at most: touched before anything is changed, so that an overflow is C's. */
#define OWN_FRAMES 0x1000

        .text
        .globl park
        .hidden park
        .type park, @function
        .globl park_start, park_end, park_abandoned, callback_thunks
        .hidden park_start, park_end, park_abandoned, callback_thunks
        .p2align 6
park_start:
park:
        .cfi_startproc
        .cfi_undefined rip              /* the outermost frame */
        mov     %rdi, %r15

park_abandoned:                         /* r15 is set; the rest is as the abandoned call left it */
        cld
        fninit
        ldmxcsr .Lmxcsr(%rip)
        movl    $0, LANE_RUNNING(%r15)
        mov     LANE_LINE(%r15), %rbx
        mov     LANE_RECORD(%r15), %rbp
        mov     LANE_ERRNO(%r15), %r13
        mov     LANE_SPIN(%r15), %r14d
        lea     -SFFI_NESTED_BELOW_LINE(%rbx), %r12

        .p2align 4
.Lwait:
        test    %rbp, %rbp
        jnz     .Lback
        mov     %r12, %rsp
        mov     %r14d, %ecx
.Llook:
        cmpl    $SFFI_STATE_REQUEST, SFFI_LINE_STATE(%rbx)
        je      .Lcall
        pause
        dec     %ecx
        jns     .Llook
        mov     %rbx, %rdi
        mov     $SFFI_STATE_PARKED, %esi
        call    park_sleep
        jmp     .Lwait

.Lcall:
        mov     SFFI_LINE_CONTROL(%rbx), %eax
        mov     SFFI_LINE_WORDS(%rbx), %rdi
        mov     SFFI_LINE_WORDS+8(%rbx), %rsi
        mov     SFFI_LINE_WORDS+16(%rbx), %rdx
        mov     SFFI_LINE_WORDS+24(%rbx), %rcx
        mov     SFFI_LINE_WORDS+32(%rbx), %r8
        mov     SFFI_LINE_FUNCTION(%rbx), %r11
        test    $SFFI_WIDE_FLAG, %eax
        jnz     .Lwide
        movq    %r8, %xmm0
        movq    %rcx, %xmm1
        movq    %rdx, %xmm2
        movq    %rsi, %xmm3
        movq    %rdi, %xmm4
        movl    $1, LANE_RUNNING(%r15)
        call    *%r11
.Lreturned:
        movl    $0, LANE_RUNNING(%r15)
        mov     %rax, SFFI_LINE_RESULT(%rbx)
        mov     %rdx, SFFI_LINE_RESULT2(%rbx)
        movq    %xmm0, SFFI_LINE_FLOAT_RESULT(%rbx)
        movq    %xmm1, SFFI_LINE_FLOAT_RESULT2(%rbx)
        mov     (%r13), %ecx
        mov     %ecx, SFFI_LINE_ERRNO(%rbx)
        test    %r14d, %r14d
        jz      .Lsleeper
        movl    $SFFI_STATE_DONE, SFFI_LINE_STATE(%rbx)
        cmpl    $0, SFFI_LINE_VM_SLEEPS(%rbx)
        je      .Lwait
.Lwake:
        mov     %r12, %rsp
        call    park_wake
        jmp     .Lwait

.Lsleeper:                              /* where nobody spins, sleeps have no short limit: the store before the look */
        mov     $SFFI_STATE_DONE, %eax
        xchg    %eax, SFFI_LINE_STATE(%rbx)
        cmpl    $0, SFFI_LINE_VM_SLEEPS(%rbx)
        jne     .Lwake
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
        movl    $1, LANE_RUNNING(%r15)
        call    *%r11
        jmp     .Lreturned

/* A thunk was called: its number is in r11, all else is as C left it. */
        .p2align 4
.Lcallback:
        mov     %rsp, %r10
        mov     %fs:current_lane@tpoff, %rax
        test    %rax, %rax
        jz      .Lforeign
        cmpl    $0, LANE_RUNNING(%rax)
        je      .Lforeign
        lea     -SFFI_CALLBACK_X64_BYTES(%rsp), %rsp
        and     $-64, %rsp
        movl    $0, -(RECORD_BELOW+OWN_FRAMES)(%rsp)
        movq    $0, SFFI_CALLBACK_FOREIGN(%rsp)
.Lrecord:                               /* rax: lane, r10: entry, rsp: record */
        mov     %rdi, SFFI_CALLBACK_X64_INTEGERS(%rsp)
        mov     %rsi, SFFI_CALLBACK_X64_INTEGERS+8(%rsp)
        mov     %rdx, SFFI_CALLBACK_X64_INTEGERS+16(%rsp)
        mov     %rcx, SFFI_CALLBACK_X64_INTEGERS+24(%rsp)
        mov     %r8, SFFI_CALLBACK_X64_INTEGERS+32(%rsp)
        mov     %r9, SFFI_CALLBACK_X64_INTEGERS+40(%rsp)
        movq    %xmm0, SFFI_CALLBACK_X64_VECTORS(%rsp)
        movq    %xmm1, SFFI_CALLBACK_X64_VECTORS+8(%rsp)
        movq    %xmm2, SFFI_CALLBACK_X64_VECTORS+16(%rsp)
        movq    %xmm3, SFFI_CALLBACK_X64_VECTORS+24(%rsp)
        movq    %xmm4, SFFI_CALLBACK_X64_VECTORS+32(%rsp)
        movq    %xmm5, SFFI_CALLBACK_X64_VECTORS+40(%rsp)
        movq    %xmm6, SFFI_CALLBACK_X64_VECTORS+48(%rsp)
        movq    %xmm7, SFFI_CALLBACK_X64_VECTORS+56(%rsp)
        mov     %r10, SFFI_CALLBACK_ENTRY(%rsp)
        mov     %rbx, SFFI_CALLBACK_X64_SAVED(%rsp)
        mov     %rbp, SFFI_CALLBACK_X64_SAVED+8(%rsp)
        mov     %r12, SFFI_CALLBACK_X64_SAVED+16(%rsp)
        mov     %r13, SFFI_CALLBACK_X64_SAVED+24(%rsp)
        mov     %r14, SFFI_CALLBACK_X64_SAVED+32(%rsp)
        mov     %r15, SFFI_CALLBACK_X64_SAVED+40(%rsp)
        mov     %rax, %r15
        mov     %rsp, %rbp
        mov     LANE_LINE(%r15), %rbx
        mov     LANE_RECORD(%r15), %rax
        mov     %rbx, SFFI_CALLBACK_OUTER(%rbp)
        mov     %rax, SFFI_CALLBACK_PREVIOUS(%rbp)
        mov     LANE_ERRNO(%r15), %r13
        mov     LANE_SPIN(%r15), %r14d
        movl    $0, LANE_RUNNING(%r15)
        mov     %rbp, LANE_RECORD(%r15)
        lea     -SFFI_NESTED_RECORD(%rbp), %rax
        movq    $SFFI_STATE_PARKED, SFFI_LINE_STATE(%rax)       /* and nobody sleeps */
        movq    $0, SFFI_LINE_CONTROL(%rax)
        mov     %rdi, SFFI_LINE_WORDS(%rbx)
        mov     %rsi, SFFI_LINE_WORDS+8(%rbx)
        mov     %rdx, SFFI_LINE_WORDS+16(%rbx)
        mov     %rcx, SFFI_LINE_WORDS+24(%rbx)
        mov     %r8, SFFI_LINE_WORDS+32(%rbx)
        mov     %r11d, SFFI_LINE_CONTROL(%rbx)
        mov     %eax, SFFI_LINE_FUNCTION(%rbx)  /* the domain's base has no low bits: its offset there */
        mov     $SFFI_STATE_CALLBACK, %eax
        test    %r14d, %r14d
        jz      .Lstrictly
        movl    %eax, SFFI_LINE_STATE(%rbx)
.Lposted:
        cmpl    $0, SFFI_CALLBACK_FOREIGN(%rbp)
        jne     .Lforeign_post
        cmpl    $0, SFFI_LINE_VM_SLEEPS(%rbx)
        je      .Lhold
        lea     -RECORD_BELOW(%rbp), %rsp
        call    park_wake

/* Waits in the callback of record rbp for what the VM writes into the line rbx. */
.Lhold:
        lea     -RECORD_BELOW(%rbp), %rsp
        mov     %r14d, %ecx
.Lhold_look:
        mov     SFFI_LINE_STATE(%rbx), %eax
        cmp     $SFFI_STATE_CALLBACK, %eax
        jne     .Lanswered
        pause
        dec     %ecx
        jns     .Lhold_look
.Lhold_sleep:
        mov     %rbx, %rdi
        mov     $SFFI_STATE_CALLBACK, %esi
        call    park_sleep
        jmp     .Lhold

.Lstrictly:                             /* see .Lsleeper */
        xchg    %eax, SFFI_LINE_STATE(%rbx)
        jmp     .Lposted

.Lanswered:
        cmp     $SFFI_STATE_REQUEST, %eax
        je      .Lto_c
        cmp     $SFFI_STATE_NEST, %eax
        je      .Lnest
        cmp     $SFFI_STATE_ABANDON, %eax
        jne     .Lhold_sleep            /* C code wrote it; the VM will see to that */

        /* The C frames between this callback and the line's callout are dropped. */
        cmpl    $0, SFFI_CALLBACK_FOREIGN(%rbp)
        jne     .Lforeign_drop
        mov     SFFI_CALLBACK_PREVIOUS(%rbp), %rax
        mov     %rax, LANE_RECORD(%r15)
        movl    $SFFI_STATE_PARKED, SFFI_LINE_STATE(%rbx)
        jmp     park_abandoned

.Lnest:
        movl    $SFFI_STATE_CALLBACK, SFFI_LINE_STATE(%rbx)
        lea     -SFFI_NESTED_RECORD(%rbp), %rbx
        mov     %rbx, LANE_LINE(%r15)
        lea     -SFFI_NESTED_BELOW_LINE(%rbx), %r12
        mov     %r12, %rsp
        jmp     .Lcall

.Lback:                                 /* a nested callout is over: wait for what comes next in its callback */
        mov     SFFI_CALLBACK_OUTER(%rbp), %rbx
        mov     %rbx, LANE_LINE(%r15)
        jmp     .Lhold

.Lto_c:
        mov     SFFI_LINE_RESULT(%rbx), %rax
        mov     SFFI_LINE_RESULT2(%rbx), %rdx
        movq    SFFI_LINE_FLOAT_RESULT(%rbx), %xmm0
        movq    SFFI_LINE_FLOAT_RESULT2(%rbx), %xmm1
        cmpl    $0, SFFI_CALLBACK_FOREIGN(%rbp)
        jne     .Lforeign_return
        mov     SFFI_CALLBACK_PREVIOUS(%rbp), %rcx
        mov     %rcx, LANE_RECORD(%r15)
        movl    $1, LANE_RUNNING(%r15)
.Lleave:
        mov     SFFI_CALLBACK_ENTRY(%rbp), %rsp
        mov     SFFI_CALLBACK_X64_SAVED(%rbp), %rbx
        mov     SFFI_CALLBACK_X64_SAVED+16(%rbp), %r12
        mov     SFFI_CALLBACK_X64_SAVED+24(%rbp), %r13
        mov     SFFI_CALLBACK_X64_SAVED+32(%rbp), %r14
        mov     SFFI_CALLBACK_X64_SAVED+40(%rbp), %r15
        mov     SFFI_CALLBACK_X64_SAVED+8(%rbp), %rbp
        ret

/* A thread without a lane, or in a signal handler that interrupted an idle one: the record goes to a foreign lane's stack. */
.Lforeign:
        sub     $0x88, %rsp
        and     $-16, %rsp
        mov     %rdi, (%rsp)
        mov     %rsi, 0x8(%rsp)
        mov     %rdx, 0x10(%rsp)
        mov     %rcx, 0x18(%rsp)
        mov     %r8, 0x20(%rsp)
        mov     %r9, 0x28(%rsp)
        mov     %r10, 0x30(%rsp)
        mov     %r11, 0x38(%rsp)
        movq    %xmm0, 0x40(%rsp)
        movq    %xmm1, 0x48(%rsp)
        movq    %xmm2, 0x50(%rsp)
        movq    %xmm3, 0x58(%rsp)
        movq    %xmm4, 0x60(%rsp)
        movq    %xmm5, 0x68(%rsp)
        movq    %xmm6, 0x70(%rsp)
        movq    %xmm7, 0x78(%rsp)
        call    claim_foreign_lane
        test    %rax, %rax
        jz      .Lno_lane
        mov     (%rsp), %rdi
        mov     0x8(%rsp), %rsi
        mov     0x10(%rsp), %rdx
        mov     0x18(%rsp), %rcx
        mov     0x20(%rsp), %r8
        mov     0x28(%rsp), %r9
        mov     0x30(%rsp), %r10
        mov     0x38(%rsp), %r11
        movq    0x40(%rsp), %xmm0
        movq    0x48(%rsp), %xmm1
        movq    0x50(%rsp), %xmm2
        movq    0x58(%rsp), %xmm3
        movq    0x60(%rsp), %xmm4
        movq    0x68(%rsp), %xmm5
        movq    0x70(%rsp), %xmm6
        movq    0x78(%rsp), %xmm7
        mov     LANE_LINE(%rax), %rsp
        lea     -(SFFI_NESTED_BELOW_LINE+SFFI_CALLBACK_X64_BYTES)(%rsp), %rsp
        movq    $1, SFFI_CALLBACK_FOREIGN(%rsp)
        jmp     .Lrecord
.Lno_lane:
        ud2

.Lforeign_post:
        lea     -RECORD_BELOW(%rbp), %rsp
        call    foreign_posted
        jmp     .Lhold

.Lforeign_drop:
        movl    $SFFI_STATE_PARKED, SFFI_LINE_STATE(%rbx)
        mov     SFFI_CALLBACK_ENTRY(%rbp), %rsp
        and     $-16, %rsp
        mov     %r15, %rdi
        call    foreign_abandoned

/* Back on the thread's own stack before the lane is given up: its memory is another thread's then. */
.Lforeign_return:
        mov     %r15, %rdi
        mov     SFFI_CALLBACK_ENTRY(%rbp), %rsp
        mov     SFFI_CALLBACK_X64_SAVED(%rbp), %rbx
        mov     SFFI_CALLBACK_X64_SAVED+16(%rbp), %r12
        mov     SFFI_CALLBACK_X64_SAVED+24(%rbp), %r13
        mov     SFFI_CALLBACK_X64_SAVED+32(%rbp), %r14
        mov     SFFI_CALLBACK_X64_SAVED+40(%rbp), %r15
        mov     SFFI_CALLBACK_X64_SAVED+8(%rbp), %rbp
        sub     $0x28, %rsp             /* at the entry rsp + 8 was a multiple of 16 */
        mov     %rax, (%rsp)
        mov     %rdx, 0x8(%rsp)
        movq    %xmm0, 0x10(%rsp)
        movq    %xmm1, 0x18(%rsp)
        call    release_foreign_lane
        mov     (%rsp), %rax
        mov     0x8(%rsp), %rdx
        movq    0x10(%rsp), %xmm0
        movq    0x18(%rsp), %xmm1
        add     $0x28, %rsp
        ret

/* The code addresses of callbacks. al, which a caller of a variadic function sets, is kept no longer than this. */
        .p2align 4
callback_thunks:
        .set    number, 0
        .rept   SFFI_THUNK_COUNT
        .p2align 4
        mov     $number, %r11d
        jmp     .Lcallback
        .set    number, number + 1
        .endr
        .cfi_endproc
park_end:
        .size   park, . - park

        .section .rodata
        .p2align 2
.Lmxcsr:
        .long   0x1f80

        .section .note.GNU-stack, "", @progbits
