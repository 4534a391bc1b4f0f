/*
 * park for AArch64, AAPCS64: the lane's thread waits here, and waking up is the call (see park-x86_64.S).
 *
 *   x19  the frame line (state at 0)             x21  address of errno
 *   x20  top of the lane's stack: stack words    w22  how often to look before sleeping
 *   x23  the lane
 *
 * All five are callee-saved, so they outlive the call. Integer words are read upwards (x0 is word 1), vector words
 * downwards (d0 is word 5); what the line has no room for lies in the wide words: x5 to x7, x8, d0 to d7.
 * The memory model is weak: the state is loaded with acquire, so that the frame is what was written before it, and
 * stored with release, so that whoever sees `done` sees the result. d2 and d3, which only a record of three or four
 * floats comes back in, go to the wide words.
 * There are no callbacks here yet: the VM refuses to make one.
 */
#include "lane-offsets.h"
#include "protocol.h"

#define WIDE (SFFI_LANE_WIDE - SFFI_LANE_LINE)

        .text
        .globl park
        .hidden park
        .type park, %function
        .globl park_start, park_end, park_abandoned, callback_thunks
        .hidden park_start, park_end, park_abandoned, callback_thunks
        .p2align 6
park_start:
park:
        .cfi_startproc
        .cfi_undefined x30              /* the outermost frame */
        mov     x23, x0

park_abandoned:                         /* x23 is set; the rest is as the abandoned call left it */
        ldr     x19, [x23, #LANE_LINE]
        sub     x20, x19, #SFFI_NESTED_BELOW_LINE
        ldr     x21, [x23, #LANE_ERRNO]
        ldr     w22, [x23, #LANE_SPIN]
        msr     fpcr, xzr
        mov     x29, xzr

        .p2align 4
.Lwait:
        mov     sp, x20
        mov     w9, w22
.Llook:
        ldar    w10, [x19]
        cmp     w10, #SFFI_STATE_REQUEST
        b.eq    .Lcall
        yield
        subs    w9, w9, #1
        b.pl    .Llook
        mov     x0, x19
        mov     w1, #SFFI_STATE_PARKED
        bl      park_sleep
        b       .Lwait

.Lcall:
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
.Lgo:
        blr     x16
        add     x11, x19, #WIDE
        stp     x0, x1, [x19, #SFFI_LINE_RESULT]
        stp     d0, d1, [x19, #SFFI_LINE_FLOAT_RESULT]
        stp     d2, d3, [x11, #SFFI_WIDE_ARM64_VECTORS+16]
        ldr     w9, [x21]
        str     w9, [x19, #SFFI_LINE_ERRNO]
        mov     w9, #SFFI_STATE_DONE
        stlr    w9, [x19]
        dmb     ish                     /* the store before the look: no wake-up is lost */
        ldr     w9, [x19, #SFFI_LINE_VM_SLEEPS]
        cbz     w9, .Lwait
        mov     sp, x20
        bl      park_wake
        b       .Lwait

.Lwide:
        add     x11, x19, #WIDE
        ldp     x5, x6, [x11, #SFFI_WIDE_ARM64_INTEGER6]
        ldp     x7, x8, [x11, #SFFI_WIDE_ARM64_INTEGER6+16]
        ldp     d0, d1, [x11, #SFFI_WIDE_ARM64_VECTORS]
        ldp     d2, d3, [x11, #SFFI_WIDE_ARM64_VECTORS+16]
        ldp     d4, d5, [x11, #SFFI_WIDE_ARM64_VECTORS+32]
        ldp     d6, d7, [x11, #SFFI_WIDE_ARM64_VECTORS+48]
        b       .Lgo

callback_thunks:
        brk     #0
        .cfi_endproc
park_end:
        .size   park, . - park

        .section .note.GNU-stack, "", %progbits
