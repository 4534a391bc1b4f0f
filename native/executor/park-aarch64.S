/*
 * park for AArch64, AAPCS64: the lane's thread waits here, and waking up is the call (see park-x86_64.S, also for callbacks).
 *
 *   x19  the frame line (state at 0)             x22  how often to look before sleeping (w22)
 *   x20  top of the stack for the call           x23  the lane
 *   x21  address of errno                        x24  the callback record that the line nests in, or 0
 *
 * All six are callee-saved, so they outlive the call. Integer words are read upwards (x0 is word 1), vector words
 * downwards (d0 is word 5); what the line has no room for lies in the wide words: x5 to x7, x8, d0 to d7.
 * The memory model is weak: the state is loaded with acquire, so that the frame is what was written before it, and
 * stored with release, so that whoever sees `done` or `callback` sees what belongs to it. d2 and d3, which only a record of
 * three or four floats comes back in, go through the wide words, of callouts and of callbacks.
 */
#include "lane-offsets.h"
#include "protocol.h"

#define WIDE (SFFI_LANE_WIDE - SFFI_LANE_LINE)
#define RECORD_BELOW (SFFI_NESTED_RECORD + SFFI_NESTED_BELOW_LINE)
/* What sleeping and waking take of the stack at most: touched before anything is changed, so that an overflow is C's. */
#define OWN_FRAMES 0x1000
#define INTEGERS SFFI_CALLBACK_ARM64_INTEGERS
#define VECTORS SFFI_CALLBACK_ARM64_VECTORS
#define SAVED SFFI_CALLBACK_ARM64_SAVED
#define SAVED_VECTORS (SFFI_CALLBACK_ARM64_SAVED + 96)

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
        str     wzr, [x23, #LANE_RUNNING]
        ldr     x19, [x23, #LANE_LINE]
        ldr     x24, [x23, #LANE_RECORD]
        sub     x20, x19, #SFFI_NESTED_BELOW_LINE
        ldr     x21, [x23, #LANE_ERRNO]
        ldr     w22, [x23, #LANE_SPIN]
        msr     fpcr, xzr
        mov     x29, xzr

        .p2align 4
.Lwait:
        cbnz    x24, .Lback
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
        mov     w10, #1
        str     w10, [x23, #LANE_RUNNING]
        tst     w9, #SFFI_WIDE_FLAG
        b.ne    .Lwide
        fmov    d0, x4
        fmov    d1, x3
        fmov    d2, x2
        fmov    d3, x1
        fmov    d4, x0
.Lgo:
        blr     x16
        str     wzr, [x23, #LANE_RUNNING]
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

/* A thunk was called: its number is in w17, all else is as C left it. */
        .p2align 4
.Lcallback:
        mov     x16, sp
        mrs     x9, tpidr_el0
        add     x9, x9, #:tprel_hi12:current_lane, lsl #12
        add     x9, x9, #:tprel_lo12_nc:current_lane
        ldr     x10, [x9]
        cbz     x10, .Lforeign
        ldr     w9, [x10, #LANE_RUNNING]
        cbz     w9, .Lforeign
        sub     x11, x16, #SFFI_CALLBACK_ARM64_BYTES
        and     x11, x11, #-64
        sub     x12, x11, #RECORD_BELOW
        sub     x12, x12, #OWN_FRAMES
        str     wzr, [x12]
        mov     sp, x11
        str     xzr, [sp, #SFFI_CALLBACK_FOREIGN]
.Lrecord:                               /* x10: lane, x16: entry, sp: record */
        stp     x0, x1, [sp, #INTEGERS]
        stp     x2, x3, [sp, #INTEGERS+16]
        stp     x4, x5, [sp, #INTEGERS+32]
        stp     x6, x7, [sp, #INTEGERS+48]
        str     x8, [sp, #SFFI_CALLBACK_ARM64_INDIRECT_RESULT]
        stp     d0, d1, [sp, #VECTORS]
        stp     d2, d3, [sp, #VECTORS+16]
        stp     d4, d5, [sp, #VECTORS+32]
        stp     d6, d7, [sp, #VECTORS+48]
        stp     x19, x20, [sp, #SAVED]
        stp     x21, x22, [sp, #SAVED+16]
        stp     x23, x24, [sp, #SAVED+32]
        stp     x25, x26, [sp, #SAVED+48]
        stp     x27, x28, [sp, #SAVED+64]
        stp     x29, x30, [sp, #SAVED+80]
        stp     d8, d9, [sp, #SAVED_VECTORS]
        stp     d10, d11, [sp, #SAVED_VECTORS+16]
        stp     d12, d13, [sp, #SAVED_VECTORS+32]
        stp     d14, d15, [sp, #SAVED_VECTORS+48]
        str     x16, [sp, #SFFI_CALLBACK_ENTRY]
        mov     x23, x10
        mov     x24, sp
        ldr     x19, [x23, #LANE_LINE]
        ldr     x9, [x23, #LANE_RECORD]
        str     x19, [x24, #SFFI_CALLBACK_OUTER]
        str     x9, [x24, #SFFI_CALLBACK_PREVIOUS]
        ldr     x21, [x23, #LANE_ERRNO]
        ldr     w22, [x23, #LANE_SPIN]
        str     wzr, [x23, #LANE_RUNNING]
        str     x24, [x23, #LANE_RECORD]
        mov     x29, xzr
        sub     x9, x24, #SFFI_NESTED_RECORD
        str     xzr, [x9, #SFFI_LINE_STATE]     /* parked, and nobody sleeps */
        str     xzr, [x9, #SFFI_LINE_CONTROL]
        stp     x0, x1, [x19, #SFFI_LINE_WORDS]
        stp     x2, x3, [x19, #SFFI_LINE_WORDS+16]
        str     x4, [x19, #SFFI_LINE_WORDS+32]
        str     w17, [x19, #SFFI_LINE_CONTROL]
        str     w9, [x19, #SFFI_LINE_FUNCTION]  /* the domain's base has no low bits: its offset there */
        mov     w9, #SFFI_STATE_CALLBACK
        stlr    w9, [x19]
        dmb     ish
        ldr     x9, [x24, #SFFI_CALLBACK_FOREIGN]
        cbnz    x9, .Lforeign_post
        ldr     w9, [x19, #SFFI_LINE_VM_SLEEPS]
        cbz     w9, .Lhold
        sub     x9, x24, #RECORD_BELOW
        mov     sp, x9
        bl      park_wake

/* Waits in the callback of record x24 for what the VM writes into the line x19. */
.Lhold:
        sub     x9, x24, #RECORD_BELOW
        mov     sp, x9
        mov     w9, w22
.Lhold_look:
        ldar    w10, [x19]
        cmp     w10, #SFFI_STATE_CALLBACK
        b.ne    .Lanswered
        yield
        subs    w9, w9, #1
        b.pl    .Lhold_look
.Lhold_sleep:
        mov     x0, x19
        mov     w1, #SFFI_STATE_CALLBACK
        bl      park_sleep
        b       .Lhold

.Lanswered:
        cmp     w10, #SFFI_STATE_REQUEST
        b.eq    .Lto_c
        cmp     w10, #SFFI_STATE_NEST
        b.eq    .Lnest
        cmp     w10, #SFFI_STATE_ABANDON
        b.ne    .Lhold_sleep            /* C code wrote it; the VM will see to that */

        /* The C frames between this callback and the line's callout are dropped. */
        ldr     x9, [x24, #SFFI_CALLBACK_FOREIGN]
        cbnz    x9, .Lforeign_drop
        ldr     x9, [x24, #SFFI_CALLBACK_PREVIOUS]
        str     x9, [x23, #LANE_RECORD]
        mov     w9, #SFFI_STATE_PARKED
        stlr    w9, [x19]
        b       park_abandoned

.Lnest:
        mov     w9, #SFFI_STATE_CALLBACK
        stlr    w9, [x19]
        sub     x19, x24, #SFFI_NESTED_RECORD
        str     x19, [x23, #LANE_LINE]
        sub     x20, x19, #SFFI_NESTED_BELOW_LINE
        mov     sp, x20
        b       .Lcall

.Lback:                                 /* a nested callout is over: wait for what comes next in its callback */
        ldr     x19, [x24, #SFFI_CALLBACK_OUTER]
        str     x19, [x23, #LANE_LINE]
        b       .Lhold

/* The callee-saved registers as C had them, from the record in x9. */
        .macro  restore_saved
        ldp     x19, x20, [x9, #SAVED]
        ldp     x21, x22, [x9, #SAVED+16]
        ldp     x23, x24, [x9, #SAVED+32]
        ldp     x25, x26, [x9, #SAVED+48]
        ldp     x27, x28, [x9, #SAVED+64]
        ldp     x29, x30, [x9, #SAVED+80]
        ldp     d8, d9, [x9, #SAVED_VECTORS]
        ldp     d10, d11, [x9, #SAVED_VECTORS+16]
        ldp     d12, d13, [x9, #SAVED_VECTORS+32]
        ldp     d14, d15, [x9, #SAVED_VECTORS+48]
        .endm

.Lto_c:
        add     x11, x19, #WIDE
        ldp     x0, x1, [x19, #SFFI_LINE_RESULT]
        ldp     d0, d1, [x19, #SFFI_LINE_FLOAT_RESULT]
        ldp     d2, d3, [x11, #SFFI_WIDE_ARM64_VECTORS+16]
        mov     x9, x24
        mov     x10, x23
        ldr     x16, [x9, #SFFI_CALLBACK_ENTRY]
        ldr     x12, [x9, #SFFI_CALLBACK_FOREIGN]
        cbnz    x12, .Lforeign_return
        ldr     x12, [x9, #SFFI_CALLBACK_PREVIOUS]
        str     x12, [x10, #LANE_RECORD]
        mov     w12, #1
        str     w12, [x10, #LANE_RUNNING]
        restore_saved
        mov     sp, x16
        ret

/* A thread without a lane, or in a signal handler that interrupted an idle one: the record goes to a foreign lane's stack. */
.Lforeign:
        sub     sp, sp, #176
        stp     x0, x1, [sp]
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x30, [sp, #64]
        stp     x16, x17, [sp, #80]
        stp     d0, d1, [sp, #96]
        stp     d2, d3, [sp, #112]
        stp     d4, d5, [sp, #128]
        stp     d6, d7, [sp, #144]
        bl      claim_foreign_lane
        cbz     x0, .Lno_lane
        mov     x10, x0
        ldp     x0, x1, [sp]
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x30, [sp, #64]
        ldp     x16, x17, [sp, #80]
        ldp     d0, d1, [sp, #96]
        ldp     d2, d3, [sp, #112]
        ldp     d4, d5, [sp, #128]
        ldp     d6, d7, [sp, #144]
        ldr     x11, [x10, #LANE_LINE]
        sub     x11, x11, #(SFFI_NESTED_BELOW_LINE + SFFI_CALLBACK_ARM64_BYTES)
        mov     sp, x11
        mov     x9, #1
        str     x9, [sp, #SFFI_CALLBACK_FOREIGN]
        b       .Lrecord
.Lno_lane:
        udf     #0

.Lforeign_post:
        sub     x9, x24, #RECORD_BELOW
        mov     sp, x9
        bl      foreign_posted
        b       .Lhold

.Lforeign_drop:
        mov     w9, #SFFI_STATE_PARKED
        stlr    w9, [x19]
        ldr     x9, [x24, #SFFI_CALLBACK_ENTRY]
        and     x9, x9, #-16
        mov     sp, x9
        mov     x0, x23
        bl      foreign_abandoned

/* Back on the thread's own stack before the lane is given up: its memory is another thread's then. */
.Lforeign_return:
        restore_saved
        mov     sp, x16
        sub     sp, sp, #64
        stp     x0, x1, [sp]
        stp     d0, d1, [sp, #16]
        stp     d2, d3, [sp, #32]
        str     x30, [sp, #48]
        mov     x0, x10
        bl      release_foreign_lane
        ldp     x0, x1, [sp]
        ldp     d0, d1, [sp, #16]
        ldp     d2, d3, [sp, #32]
        ldr     x30, [sp, #48]
        add     sp, sp, #64
        ret

/* The code addresses of callbacks; x16 and x17 are free between a call and its function (AAPCS64 6.1.1). */
        .p2align 4
callback_thunks:
        .set    number, 0
        .rept   SFFI_THUNK_COUNT
        .p2align 4
        mov     w17, #number
        b       .Lcallback
        .set    number, number + 1
        .endr
        .cfi_endproc
park_end:
        .size   park, . - park

        .section .note.GNU-stack, "", %progbits
