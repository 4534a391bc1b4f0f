/*
 * Lanes and the keeper. A lane is a thread that runs C code on the lane's shared stack; lane 0 is the main thread,
 * because some C libraries insist on it. The keeper is a thread of its own that makes further lanes when the VM asks
 * for them: it must work while every other thread hangs in C or stands in a fault.
 * Also the two ends of park's sleep. A sleeper says so in the line and then sleeps a bounded first time: the other
 * side stores its word and looks at the flag without a fence in between, and a store that was under way when it looked
 * is visible long before that first sleep ends. So no wake-up is lost, and the hot path pays nothing.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "futex.h"

enum { FIRST_SLEEP_NS = 2000000 };

__thread struct lane *current_lane;
static struct lane lanes[SFFI_LANE_COUNT];

static volatile int32_t *line_word(volatile int32_t *line, size_t offset) {
    return (volatile int32_t *)((volatile char *)line + offset);
}

__attribute__((used)) void park_sleep(volatile int32_t *line) {
    volatile int32_t *sleeps = line_word(line, SFFI_LINE_EXECUTOR_SLEEPS);
    *sleeps = 1;
    __sync_synchronize();
    int32_t seen = *line;
    if (seen != SFFI_STATE_REQUEST) {
        futex_wait(line, seen, FIRST_SLEEP_NS);
        while ((seen = *line) != SFFI_STATE_REQUEST) futex_wait(line, seen, 0);
    }
    *sleeps = 0;
}

__attribute__((used)) void park_wake(volatile int32_t *line) {
    futex_wake(line);
}

static int protect(char *start, size_t bytes) {
    return mprotect(start, bytes, PROT_NONE);
}

static int guard_lane(char *base) {
    if (protect(base + SFFI_LANE_STACK_GUARD, SFFI_LANE_STACK_GUARD_BYTES) != 0) return -1;
    if (protect(base + SFFI_LANE_SLOT_GUARD, SFFI_LANE_SMALL_SLOTS - SFFI_LANE_SLOT_GUARD) != 0) return -1;
    for (size_t i = 0; i < SFFI_SMALL_SLOT_COUNT; i++) {
        char *slot = base + SFFI_LANE_SMALL_SLOTS + i * SFFI_SMALL_SLOT_STRIDE;
        if (protect(slot + SFFI_SMALL_SLOT_DATA_BYTES, SFFI_SMALL_SLOT_STRIDE - SFFI_SMALL_SLOT_DATA_BYTES) != 0) return -1;
    }
    for (size_t i = 0; i < SFFI_MEDIUM_SLOT_COUNT; i++) {
        char *slot = base + SFFI_LANE_MEDIUM_SLOTS + i * SFFI_MEDIUM_SLOT_STRIDE;
        if (protect(slot + SFFI_MEDIUM_SLOT_DATA_BYTES, SFFI_MEDIUM_SLOT_STRIDE - SFFI_MEDIUM_SLOT_DATA_BYTES) != 0) return -1;
    }
    return 0;
}

/* Makes the current thread the thread of lane `index` and parks it; the thread's own stack is not used any more. */
void run_lane(int32_t index) {
    struct lane *lane = &lanes[index];
    lane->index = index;
    lane->base = domain + SFFI_HEADER_BYTES + (size_t)index * SFFI_LANE_STRIDE;
    lane->line = (volatile int32_t *)(lane->base + SFFI_LANE_LINE);
    lane->errno_address = &errno;
    current_lane = lane;
    if (guard_lane(lane->base) != 0 || set_alternate_stack(lane) != 0) {
        *header_word(SFFI_HEADER_BOOT_ERRNO) = errno;
        *header_word(SFFI_HEADER_BOOT_STATE) = SFFI_BOOT_PROTECT;
        futex_wake(header_word(SFFI_HEADER_BOOT_STATE));
        _exit(1);
    }
    *(volatile int32_t *)(lane->base + SFFI_LANE_CONTROL + SFFI_CONTROL_THREAD_ID) = (int32_t)syscall(SYS_gettid);
    *header_word(SFFI_HEADER_LANES_MADE) = index + 1;
    futex_wake(header_word(SFFI_HEADER_LANES_MADE));
    if (index == 0) {
        *header_word(SFFI_HEADER_BOOT_STATE) = 1;
        futex_wake(header_word(SFFI_HEADER_BOOT_STATE));
    }
    park(lane->line, lane->errno_address, *header_word(SFFI_HEADER_SPIN_COUNT));
}

static void *lane_thread(void *index) {
    run_lane((int32_t)(intptr_t)index);
}

static void *keeper(void *unused) {
    (void)unused;
    makes_own_threads = 1;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    int32_t made = 1;
    for (;;) {
        int32_t wanted = *header_word(SFFI_HEADER_LANES_WANTED);
        if (wanted > made && made < SFFI_LANE_COUNT) {
            sigset_t none;
            sigemptyset(&none);
            pthread_attr_t attributes;
            pthread_t thread;
            pthread_attr_init(&attributes);
            pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
            pthread_attr_setstacksize(&attributes, 128 * 1024);
            pthread_sigmask(SIG_SETMASK, &none, NULL);
            int failed = pthread_create(&thread, &attributes, lane_thread, (void *)(intptr_t)made);
            pthread_sigmask(SIG_SETMASK, &all, NULL);
            pthread_attr_destroy(&attributes);
            if (failed) futex_wait(header_word(SFFI_HEADER_LANES_WANTED), wanted, 100000000);
            else made++;
        } else {
            futex_wait(header_word(SFFI_HEADER_LANES_WANTED), wanted, 0);
        }
    }
    return NULL;
}

int start_keeper(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    int failed = pthread_create(&thread, &attributes, keeper, NULL);
    pthread_attr_destroy(&attributes);
    return failed;
}
