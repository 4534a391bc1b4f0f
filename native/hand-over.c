/*
 * The VM's side of a callout that sleeps instead of spinning, as one call: tell the executor's thread if it sleeps, sleep until
 * the callout is over or the time is up. Loaded into the VM's process through koffi; without it the VM makes the same
 * system calls one by one (safeffi/executor/lane.ts).
 *
 * The fence between the request and the look whether the executor sleeps is here; the executor has its own between `done`
 * and the look whether the VM sleeps when it does not spin (park-<arch>.S). So no wake-up is lost, and no sleep needs a
 * short limit: arming a timer that would be the next to fire costs a guest a microsecond. The limit that is given should
 * lie beyond the kernel's tick; it is there so that the end of the executor is noticed.
 */
#define _GNU_SOURCE
#include "executor/protocol.h"

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int32_t word(volatile char *at) {
    return __atomic_load_n((volatile int32_t *)at, __ATOMIC_ACQUIRE);
}

/* `base`: address of the domain in this process. Answers the state of the line at `line_offset`. */
__attribute__((visibility("default"))) int32_t safeffi_hand_over(double base, uint32_t line_offset, uint32_t microseconds) {
    volatile char *domain = (volatile char *)(uintptr_t)base;
    volatile char *line = domain + line_offset;
    volatile int32_t *sleeps = (volatile int32_t *)(line + SFFI_LINE_VM_SLEEPS);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (word(line + SFFI_LINE_EXECUTOR_SLEEPS) != 0) syscall(SYS_futex, line + SFFI_LINE_STATE, FUTEX_WAKE, 1, NULL, NULL, 0);
    /* On one core the other may have run to its end in that call already. */
    int32_t state = word(line + SFFI_LINE_STATE);
    if (state != SFFI_STATE_REQUEST) return state;
    volatile char *bell = domain + SFFI_HEADER_BELL;
    struct timespec limit = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};
    int32_t rung = word(bell);
    *sleeps = 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    state = word(line + SFFI_LINE_STATE);
    if (state == SFFI_STATE_REQUEST) {
        syscall(SYS_futex, bell, FUTEX_WAIT, rung, &limit, NULL, 0);
        state = word(line + SFFI_LINE_STATE);
    }
    *sleeps = 0;
    return state;
}
