/*
 * Lanes and the keeper. A lane is a thread that runs C code on the lane's shared stack; lane 0 is the main thread,
 * because some C libraries insist on it. The keeper is a thread of its own that makes further lanes when the VM asks
 * for them, and opens further slots: it must work while every other thread hangs in C or stands in a fault.
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
static volatile int32_t lanes_made = 1;
static struct identity keeper_identity;
static char *keeper_stack;
/* From the start until it knows its own thread, and while it makes another. */
static volatile int32_t keeper_busy = 1;

_Static_assert(offsetof(struct lane, line) == LANE_LINE, "lane-offsets.h");
_Static_assert(offsetof(struct lane, record) == LANE_RECORD, "lane-offsets.h");
_Static_assert(offsetof(struct lane, errno_address) == LANE_ERRNO, "lane-offsets.h");
_Static_assert(offsetof(struct lane, spin) == LANE_SPIN, "lane-offsets.h");
_Static_assert(offsetof(struct lane, running) == LANE_RUNNING, "lane-offsets.h");

static volatile int32_t *line_word(volatile int32_t *line, size_t offset) {
    return (volatile int32_t *)((volatile char *)line + offset);
}

/* What a thread waits for: a parked one for a request, one in a callback for any answer. */
static int has_come(int32_t seen, int32_t waits_in) {
    return waits_in == SFFI_STATE_CALLBACK ? seen != SFFI_STATE_CALLBACK : seen == SFFI_STATE_REQUEST;
}

/* A process that C code forked has returned from the callout: nobody is there to go on. */
static void end_forked(void) {
    if (!in_executor()) _exit(0);
}

__attribute__((used)) void park_sleep(volatile int32_t *line, int32_t waits_in) {
    end_forked();
    volatile int32_t *sleeps = line_word(line, SFFI_LINE_EXECUTOR_SLEEPS);
    *sleeps = 1;
    __sync_synchronize();
    int32_t seen = *line;
    if (!has_come(seen, waits_in)) {
        futex_wait(line, seen, *header_word(SFFI_HEADER_SPIN_COUNT) == 0 ? 0 : FIRST_SLEEP_NS);
        while (!has_come(seen = *line, waits_in)) futex_wait(line, seen, 0);
    }
    *sleeps = 0;
}

void ring_bell(void) {
    volatile int32_t *bell = header_word(SFFI_HEADER_BELL);
    __sync_fetch_and_add(bell, 1);
    futex_wake_all(bell);
    volatile int32_t *armed = header_word(SFFI_HEADER_LOOP_ARMED);
    if (*armed != 0 && __sync_lock_test_and_set(armed, 0) != 0) ring_loop();
}

/* The VM said that it sleeps. */
__attribute__((used)) void park_wake(void) {
    end_forked();
    ring_bell();
}

static int protect(char *start, char *end) {
    return mprotect(start, (size_t)(end - start), PROT_NONE);
}

static char *small_slot(char *base, size_t index) {
    return base + SFFI_LANE_SMALL_SLOTS + index * SFFI_SMALL_SLOT_STRIDE;
}

static char *medium_slot(char *base, size_t index) {
    return base + SFFI_LANE_MEDIUM_SLOTS + index * SFFI_MEDIUM_SLOT_STRIDE;
}

/* The last guard of the first slots reaches to the end of all. */
int guard_lane(char *base) {
    if (protect(base + SFFI_LANE_STACK_GUARD, base + SFFI_LANE_STACK_GUARD + SFFI_LANE_STACK_GUARD_BYTES) != 0) return -1;
    if (protect(base + SFFI_LANE_SLOT_GUARD, small_slot(base, 0)) != 0) return -1;
    for (size_t i = 0; i < SFFI_SMALL_SLOT_FIRST; i++) {
        size_t next = i + 1 < SFFI_SMALL_SLOT_FIRST ? i + 1 : SFFI_SMALL_SLOT_COUNT;
        if (protect(small_slot(base, i) + SFFI_SMALL_SLOT_DATA_BYTES, small_slot(base, next)) != 0) return -1;
    }
    for (size_t i = 0; i < SFFI_MEDIUM_SLOT_FIRST; i++) {
        size_t next = i + 1 < SFFI_MEDIUM_SLOT_FIRST ? i + 1 : SFFI_MEDIUM_SLOT_COUNT;
        if (protect(medium_slot(base, i) + SFFI_MEDIUM_SLOT_DATA_BYTES, medium_slot(base, next)) != 0) return -1;
    }
    return 0;
}

/* Makes the slots behind the first ones accessible. */
static int open_slots(char *base) {
    for (size_t i = SFFI_SMALL_SLOT_FIRST; i < SFFI_SMALL_SLOT_COUNT; i++)
        if (mprotect(small_slot(base, i), SFFI_SMALL_SLOT_DATA_BYTES, PROT_READ | PROT_WRITE) != 0) return -1;
    for (size_t i = SFFI_MEDIUM_SLOT_FIRST; i < SFFI_MEDIUM_SLOT_COUNT; i++)
        if (mprotect(medium_slot(base, i), SFFI_MEDIUM_SLOT_DATA_BYTES, PROT_READ | PROT_WRITE) != 0) return -1;
    return 0;
}

static void tell_thread(struct lane *lane, int32_t thread_id) {
    *(volatile int32_t *)(lane->base + SFFI_LANE_CONTROL + SFFI_CONTROL_THREAD_ID) = thread_id;
}

/* Makes the current thread the thread of lane `index` and parks it; the thread's own stack is not used any more. */
void run_lane(int32_t index) {
    struct lane *lane = &lanes[index];
    lane->index = index;
    lane->base = domain + SFFI_HEADER_BYTES + (size_t)index * SFFI_LANE_STRIDE;
    lane->line = (volatile int32_t *)(lane->base + SFFI_LANE_LINE);
    lane->errno_address = &errno;
    lane->spin = *header_word(SFFI_HEADER_SPIN_COUNT);
    current_lane = lane;
    take_identity(&lane->identity);
    if (guard_lane(lane->base) != 0 || set_alternate_stack(lane) != 0) {
        *header_word(SFFI_HEADER_BOOT_ERRNO) = errno;
        *header_word(SFFI_HEADER_BOOT_STATE) = SFFI_BOOT_PROTECT;
        futex_wake(header_word(SFFI_HEADER_BOOT_STATE));
        _exit(1);
    }
    tell_thread(lane, (int32_t)syscall(SYS_gettid));
    *header_word(SFFI_HEADER_LANES_MADE) = index + 1;
    futex_wake(header_word(SFFI_HEADER_LANES_MADE));
    if (index == 0) {
        tell_thunks();
        *header_word(SFFI_HEADER_BOOT_STATE) = 1;
        futex_wake(header_word(SFFI_HEADER_BOOT_STATE));
    }
    park(lane);
}

void resume_lane(int32_t index) {
    struct lane *lane = &lanes[index];
    lane->spin = *header_word(SFFI_HEADER_SPIN_COUNT);
    park(lane);
}

static void *lane_thread(void *index) {
    run_lane((int32_t)(intptr_t)index);
}

static void make_lane(void) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    int failed = pthread_create(&thread, &attributes, lane_thread, (void *)(intptr_t)lanes_made);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_attr_destroy(&attributes);
    if (failed) nanosleep(&(struct timespec){0, 100000000}, NULL);
    else lanes_made++;
}

/* For the lanes that the VM names; where that fails it is not told, and the VM does without. */
static void open_wanted_slots(void) {
    int32_t missing = *header_word(SFFI_HEADER_SLOTS_WANTED) & ~*header_word(SFFI_HEADER_SLOTS_MADE);
    for (int32_t i = 0; i < SFFI_LANE_COUNT + SFFI_FOREIGN_LANE_COUNT; i++) {
        if ((missing & 1 << i) == 0) continue;
        if (open_slots(domain + SFFI_HEADER_BYTES + (size_t)i * SFFI_LANE_STRIDE) != 0) continue;
        __sync_fetch_and_or(header_word(SFFI_HEADER_SLOTS_MADE), 1 << i);
        futex_wake(header_word(SFFI_HEADER_SLOTS_MADE));
    }
}

static void keep(void) {
    for (;;) {
        open_wanted_slots();
        int32_t wanted = *header_word(SFFI_HEADER_LANES_WANTED);
        if (wanted > lanes_made && lanes_made < SFFI_LANE_COUNT) {
            keeper_busy = 1;
            make_lane();
            keeper_busy = 0;
        } else {
            futex_wait(header_word(SFFI_HEADER_LANES_WANTED), wanted, 0);
        }
    }
}

static void *keeper(void *unused) {
    (void)unused;
    makes_own_threads = 1;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    take_identity(&keeper_identity);
    find_tid_offset(&lanes[0].identity);
    keeper_stack = (char *)((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)63) - 1024;
    keeper_busy = 0;
    keep();
    return NULL;
}

int keeper_is_busy(void) {
    return keeper_busy;
}

const struct identity *lane_identity(int32_t index) {
    return &lanes[index].identity;
}

void advise_alternate_stack(int32_t index, int advice) {
    madvise((char *)lanes[index].alternate_stack + 4096, ALTERNATE_STACK_BYTES, advice);
}

static int revived_keeper(void *unused) {
    (void)unused;
    restore_registrations(&keeper_identity);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    keep();
    return 0;
}

static int revived_lane(void *started) {
    struct lane *lane = started;
    restore_registrations(&lane->identity);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    stack_t alternate = {.ss_sp = (char *)lane->alternate_stack + 4096, .ss_size = ALTERNATE_STACK_BYTES};
    real_sigaltstack(&alternate, NULL);
    resume_lane(lane->index);
}

/* The lanes' threads run on their lanes' stacks from the start: nothing lies there while a lane is parked. */
void revive_lanes(void) {
    restore_registrations(&lanes[0].identity);
    tell_thread(&lanes[0], (int32_t)syscall(SYS_gettid));
    for (int32_t i = 1; i < lanes_made; i++) {
        char *stack_top = lanes[i].base + SFFI_LANE_OVERFLOW;
        tell_thread(&lanes[i], revive(&lanes[i].identity, stack_top, revived_lane, &lanes[i]));
    }
}

void revive_keeper(void) {
    revive(&keeper_identity, keeper_stack, revived_keeper, NULL);
}

int start_keeper(void) {
    take_identity(&lanes[0].identity);
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    int failed = pthread_create(&thread, &attributes, keeper, NULL);
    pthread_attr_destroy(&attributes);
    return failed;
}
