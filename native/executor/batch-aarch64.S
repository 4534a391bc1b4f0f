/*
 * Many independent callouts in one hand-over, AArch64. See batch-x86_64.S for what a batch is.
 *
 *   x0  the first line     x2  stride in bytes                   x4  where the line that runs is noted
 *   x1  the end            x3  bytes of stack words, by sixteen
 *
 * Called by park and by nothing else: x21 is park's address of errno.
 */
#include "protocol.h"

#define WIDE (SFFI_LANE_WIDE - SFFI_LANE_LINE)
#define OVERFLOW (SFFI_LANE_LINE - SFFI_LANE_OVERFLOW)

        .text
        .globl batch, batch_start, batch_end
        .hidden batch, batch_start, batch_end
        .type batch, %function
        .p2align 6
batch_start:
batch:
        .cfi_startproc
        .cfi_undefined x30              /* what lies below is no callout's */
        stp     x29, x30, [sp, #-64]!
        stp     x19, x20, [sp, #16]
        stp     x22, x23, [sp, #32]
        str     x24, [sp, #48]
        mov     x19, x0
        mov     x20, x1
        mov     x22, x2
        mov     x23, x3
        mov     x24, x4
        mov     x29, xzr
        sub     sp, sp, x23
        cmp     x19, x20
        b.hs    .Lend

        .p2align 4
.Lnext:
        str     x19, [x24]
        cbnz    x23, .Lcopy
.Lload:
        ldr     w9, [x19, #SFFI_LINE_CONTROL]
        ldr     x16, [x19, #SFFI_LINE_FUNCTION]
        ldp     x0, x1, [x19, #SFFI_LINE_WORDS]
        ldp     x2, x3, [x19, #SFFI_LINE_WORDS+16]
        ldr     x4, [x19, #SFFI_LINE_WORDS+32]
        tst     w9, #SFFI_WIDE_FLAG
        b.ne    .Lwide
        fmov    d0, x4
        fmov    d1, x3
        fmov    d2, x2
        fmov    d3, x1
        fmov    d4, x0
        blr     x16
        b       .Lstore
.Lwide:
        add     x11, x19, #WIDE
        ldp     x5, x6, [x11, #SFFI_WIDE_ARM64_INTEGER6]
        ldp     x7, x8, [x11, #SFFI_WIDE_ARM64_INTEGER6+16]
        ldp     d0, d1, [x11, #SFFI_WIDE_ARM64_VECTORS]
        ldp     d2, d3, [x11, #SFFI_WIDE_ARM64_VECTORS+16]
        ldp     d4, d5, [x11, #SFFI_WIDE_ARM64_VECTORS+32]
        ldp     d6, d7, [x11, #SFFI_WIDE_ARM64_VECTORS+48]
        blr     x16
.Lstore:
        add     x11, x19, #WIDE
        stp     x0, x1, [x19, #SFFI_LINE_RESULT]
        stp     d0, d1, [x19, #SFFI_LINE_FLOAT_RESULT]
        stp     d2, d3, [x11, #SFFI_WIDE_ARM64_VECTORS+16]
        ldr     w9, [x21]
        str     w9, [x19, #SFFI_LINE_ERRNO]
        add     x19, x19, x22
        cmp     x19, x20
        b.lo    .Lnext
.Lend:
        str     x19, [x24]
        add     sp, sp, x23
        ldr     x24, [sp, #48]
        ldp     x22, x23, [sp, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #64
        ret

.Lcopy:                                 /* the callee owns its stack words: they are written for each */
        sub     x9, x19, #OVERFLOW
        mov     x10, sp
        add     x11, x10, x23
.Lword:
        ldp     x12, x13, [x9], #16
        stp     x12, x13, [x10], #16
        cmp     x10, x11
        b.lo    .Lword
        b       .Lload
        .cfi_endproc
batch_end:
        .size   batch, . - batch

        .section .note.GNU-stack, "", %progbits
