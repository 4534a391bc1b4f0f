/*
 * Many independent callouts in one hand-over, x86-64: the VM has written a frame for each, in the form of a lane's (line,
 * wide words behind it, stack words before it), one every `stride` bytes. They are run in order; each result goes into its
 * own line. `progress` holds the address of the line that runs, so that a fault can be told whose it is.
 *
 *   rdi  the first line     rdx  stride in bytes                   r8  where the line that runs is noted
 *   rsi  the end            rcx  bytes of stack words, by sixteen
 *
 * Called by park and by nothing else: r13 is park's address of errno.
 */
#include "protocol.h"

#define WIDE (SFFI_LANE_WIDE - SFFI_LANE_LINE)
#define OVERFLOW (SFFI_LANE_OVERFLOW - SFFI_LANE_LINE)

        .text
        .globl batch, batch_start, batch_end
        .hidden batch, batch_start, batch_end
        .type batch, @function
        .p2align 6
batch_start:
batch:
        .cfi_startproc
        .cfi_undefined rip              /* what lies below is no callout's */
        push    %rbx
        push    %rbp
        push    %r12
        push    %r14
        push    %r15
        mov     %rdi, %rbx
        mov     %rsi, %r12
        mov     %rdx, %rbp
        mov     %rcx, %r14
        mov     %r8, %r15
        sub     %r14, %rsp
        cmp     %r12, %rbx
        jae     .Lend

        .p2align 4
.Lnext:
        mov     %rbx, (%r15)
        prefetcht0 (%rbx, %rbp, 8)
        test    %r14, %r14
        jnz     .Lcopy
.Lload:
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
.Lgo:
        call    *SFFI_LINE_FUNCTION(%rbx)
        mov     (%r13), %ecx
        mov     %rax, SFFI_LINE_RESULT(%rbx)
        mov     %rdx, SFFI_LINE_RESULT2(%rbx)
        movq    %xmm0, SFFI_LINE_FLOAT_RESULT(%rbx)
        movq    %xmm1, SFFI_LINE_FLOAT_RESULT2(%rbx)
        mov     %ecx, SFFI_LINE_ERRNO(%rbx)
        add     %rbp, %rbx
        cmp     %r12, %rbx
        jb      .Lnext
.Lend:
        mov     %rbx, (%r15)
        add     %r14, %rsp
        pop     %r15
        pop     %r14
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

.Lcopy:                                 /* the callee owns its stack words: they are written for each */
        xor     %ecx, %ecx
.Lword:
        mov     OVERFLOW(%rbx, %rcx), %rax
        mov     %rax, (%rsp, %rcx)
        add     $8, %rcx
        cmp     %r14, %rcx
        jb      .Lword
        jmp     .Lload

.Lwide:
        mov     (WIDE+SFFI_WIDE_INTEGER6)(%rbx), %r9
        movq    (WIDE+SFFI_WIDE_VECTORS)(%rbx), %xmm0
        movq    (WIDE+SFFI_WIDE_VECTORS+8)(%rbx), %xmm1
        movq    (WIDE+SFFI_WIDE_VECTORS+16)(%rbx), %xmm2
        movq    (WIDE+SFFI_WIDE_VECTORS+24)(%rbx), %xmm3
        movq    (WIDE+SFFI_WIDE_VECTORS+32)(%rbx), %xmm4
        movq    (WIDE+SFFI_WIDE_VECTORS+40)(%rbx), %xmm5
        movq    (WIDE+SFFI_WIDE_VECTORS+48)(%rbx), %xmm6
        movq    (WIDE+SFFI_WIDE_VECTORS+56)(%rbx), %xmm7
        jmp     .Lgo
        .cfi_endproc
batch_end:
        .size   batch, . - batch

        .section .note.GNU-stack, "", @progbits
