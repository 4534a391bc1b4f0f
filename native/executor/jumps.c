/*
 * longjmp over callbacks. C code that a callback called may jump back into the C code that called the callback, as an error
 * in Lua or libpng does. The callouts that it leaves lie on the part of the stack that the jump gives up, so that the VM must
 * be told before: each is posted as `left`, the innermost first, and the jump goes on when the VM has taken note of all.
 *
 * `longjmp` and its sisters are defined here and exported, so that libraries bind to these. A jump that crosses no callback
 * is none of our business, nor is one to a place outside of the lane's stack.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dlfcn.h>
#include <setjmp.h>
#include "futex.h"

#define EXPORT __attribute__((visibility("default"), noreturn))

typedef void (*jump_function)(struct __jmp_buf_tag *, int);

static jump_function real_jump;

#if defined(__aarch64__) && defined(__GLIBC__)
/*
 * glibc keeps the stack pointer scrambled with a guard that it tells nobody (sysdeps/aarch64/setjmp.S: PTR_MANGLE). A
 * jump buffer made with a known stack pointer tells it. Answers that stack pointer.
 */
uint64_t set_jump_here(struct __jmp_buf_tag *target);
__asm__(".text\n.hidden set_jump_here\n.type set_jump_here, %function\nset_jump_here:\n"
        "\tstp x29, x30, [sp, #-16]!\n\tbl _setjmp\n\tmov x0, sp\n\tldp x29, x30, [sp], #16\n\tret\n");

enum { STACK_POINTER_WORD = 13 };
static uint64_t guard;

static void find_guard(void) {
    jmp_buf here;
    uint64_t stack_pointer = set_jump_here(here);
    guard = ((const uint64_t *)(const void *)here)[STACK_POINTER_WORD] ^ stack_pointer;
}
#else
static void find_guard(void) {
}
#endif

/* At the start: in a signal handler it would be too late to look. */
__attribute__((constructor)) static void find_jump(void) {
    real_jump = (jump_function)dlsym(RTLD_NEXT, "siglongjmp");
    find_guard();
}

/* The stack pointer that the jump restores; 0 where it is not known how it is kept. */
static uint64_t target_stack(const struct __jmp_buf_tag *target) {
#if defined(__x86_64__)
    uint64_t word = ((const uint64_t *)(const void *)target)[6];
#if defined(__GLIBC__)
    /* glibc keeps it scrambled (sysdeps/x86_64/__longjmp.S: PTR_DEMANGLE). */
    __asm__("ror $17, %0\n\txor %%fs:0x30, %0" : "+r"(word));
#endif
    return word;
#elif defined(__aarch64__) && defined(__GLIBC__)
    return ((const uint64_t *)(const void *)target)[STACK_POINTER_WORD] ^ guard;
#else
    (void)target;
    return 0;
#endif
}

/* The innermost callout is over by the jump: its line is posted, and kept until the VM has seen it. */
static void leave_callout(struct lane *lane) {
    char *record = lane->record;
    volatile int32_t *inner = lane->line;
    volatile int32_t *outer = *(volatile int32_t **)(record + SFFI_CALLBACK_OUTER);
    *outer = SFFI_STATE_REQUEST; /* C runs there again; the VM looks at the inner line until it has seen this */
    __sync_synchronize();
    *inner = SFFI_STATE_LEFT;
    __sync_synchronize();
    if (inner[SFFI_LINE_VM_SLEEPS / 4] != 0) ring_bell();
    while (*inner == SFFI_STATE_LEFT) futex_wait(inner, SFFI_STATE_LEFT, 0);
    lane->line = outer;
    lane->record = *(char **)(record + SFFI_CALLBACK_PREVIOUS);
}

static void leave_callouts(uint64_t target) {
    struct lane *lane = current_lane;
    if (lane == NULL || !lane->running || !in_executor()) return;
    uint64_t top = (uint64_t)(uintptr_t)(lane->base + SFFI_LANE_OVERFLOW);
    int is_inside = target <= top && target >= top - SFFI_LANE_OVERFLOW;
    int is_foreign = lane->index >= SFFI_LANE_COUNT;
    if (target == 0 || is_inside == 0) {
        /* A thread that C made jumps back to its own stack. */
        if (target == 0 || !is_foreign) return;
        while (lane->record != NULL) leave_callout(lane);
        leave_foreign_lane(lane);
        return;
    }
    while (lane->record != NULL && target > (uint64_t)(uintptr_t)lane->record) leave_callout(lane);
}

EXPORT void siglongjmp(sigjmp_buf target, int value) {
    leave_callouts(target_stack(target));
    real_jump(target, value);
    __builtin_unreachable();
}

EXPORT void longjmp(jmp_buf target, int value) {
    siglongjmp(target, value);
}

EXPORT void _longjmp(jmp_buf target, int value) {
    siglongjmp(target, value);
}

EXPORT void __longjmp_chk(jmp_buf target, int value);
EXPORT void __longjmp_chk(jmp_buf target, int value) {
    siglongjmp(target, value);
}
