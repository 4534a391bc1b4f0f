/*
 * Callbacks beyond what park-<arch>.S does: where the thunks lie, and lanes for threads that C code made itself. Such a
 * thread has no shared stack and no line, so a callback on it claims one of the foreign lanes for its length: the thread
 * goes over to that lane's stack, posts the callback on its line and comes back with the answer. Where all are taken it
 * waits in line. So does a callback in a signal handler that interrupted a lane while no C code ran on it.
 *
 * All of this may run in a signal handler: system calls only, errno kept.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "futex.h"

static struct lane foreign_lanes[SFFI_FOREIGN_LANE_COUNT];
static volatile int32_t taken[SFFI_FOREIGN_LANE_COUNT];
static volatile int32_t releases; /* a futex word */
static volatile int32_t waiting;
/* Jumped away from, its stack in use to the last moment. */
static __thread struct lane *left_lane;

void tell_thunks(void) {
    *(volatile uint64_t *)(domain + SFFI_HEADER_THUNKS) = (uint64_t)(uintptr_t)callback_thunks;
}

static char *put(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

static char *put_number(char *at, int32_t number) {
    char digits[12];
    size_t count = 0;
    do digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0) *at++ = digits[--count];
    return at;
}

/* Behind the numbers that C code opens first and loops over when it closes all. */
enum { BELL_DESCRIPTOR = 240 };
static int bell = -1;
static struct stat bell_is;

int keep_bell(int descriptor) {
    bell = fcntl(descriptor, F_DUPFD_CLOEXEC, BELL_DESCRIPTOR);
    if (bell < 0) { /* so few are allowed */
        bell = descriptor;
        fcntl(bell, F_SETFD, FD_CLOEXEC);
    }
    fstat(bell, &bell_is);
    return bell;
}

/* C code may have closed it, and another file may have its number: then the pipe of the VM is reached through /proc, if at all. */
static int open_bell(void) {
    struct stat now;
    if (fstat(bell, &now) == 0 && now.st_ino == bell_is.st_ino && now.st_dev == bell_is.st_dev) return bell;
    char path[64];
    char *end = put_number(put(put_number(put(path, "/proc/"), vm_pid), "/fd/"), *header_word(SFFI_HEADER_LOOP_DESCRIPTOR));
    *end = 0;
    return open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
}

void ring_loop(void) {
    int saved = errno;
    int fd = open_bell();
    if (fd >= 0) {
        if (write(fd, "", 1) < 0) errno = 0; /* full: the loop has enough to look for */
        if (fd != bell) close(fd);
    }
    errno = saved;
}

static struct lane *try_claim(void) {
    for (int32_t i = 0; i < SFFI_FOREIGN_LANE_COUNT; i++)
        if (taken[i] == 0 && __sync_bool_compare_and_swap(&taken[i], 0, 1)) return &foreign_lanes[i];
    return NULL;
}

static void make_free(struct lane *lane) {
    taken[lane - foreign_lanes] = 0;
    __sync_fetch_and_add(&releases, 1);
    if (waiting != 0) futex_wake(&releases);
}

static struct lane *await_lane(void) {
    if (left_lane != NULL) make_free(left_lane);
    left_lane = NULL;
    struct lane *lane = try_claim();
    if (lane != NULL) return lane;
    __sync_fetch_and_add(&waiting, 1);
    for (;;) {
        int32_t seen = releases;
        lane = try_claim();
        if (lane != NULL) break;
        futex_wait(&releases, seen, 0);
    }
    __sync_fetch_and_sub(&waiting, 1);
    return lane;
}

/* The first use of a lane makes its guard pages. A thread without an alternate stack gets the lane's for that long. */
static int furnish(struct lane *lane) {
    if (lane->base == NULL) {
        lane->index = SFFI_LANE_COUNT + (int32_t)(lane - foreign_lanes);
        char *base = domain + SFFI_HEADER_BYTES + (size_t)lane->index * SFFI_LANE_STRIDE;
        if (guard_lane(base) != 0) return -1;
        lane->base = base;
    }
    stack_t has;
    if (real_sigaltstack(NULL, &has) != 0) return -1;
    lane->lends_stack = (has.ss_flags & SS_DISABLE) != 0;
    if (!lane->lends_stack) return 0;
    return lane->alternate_stack == NULL ? set_alternate_stack(lane) : use_alternate_stack(lane->alternate_stack);
}

static void take_stack_back(void) {
    stack_t none = {.ss_flags = SS_DISABLE};
    real_sigaltstack(&none, NULL);
}

__attribute__((used)) struct lane *claim_foreign_lane(void) {
    int saved = errno;
    struct lane *lane = await_lane();
    if (furnish(lane) != 0) return NULL;
    lane->line = (volatile int32_t *)(lane->base + SFFI_LANE_LINE);
    lane->record = NULL;
    lane->errno_address = &errno;
    lane->spin = *header_word(SFFI_HEADER_SPIN_COUNT);
    lane->running = 0;
    lane->former = current_lane;
    *(volatile int32_t *)(lane->base + SFFI_LANE_CONTROL + SFFI_CONTROL_THREAD_ID) = (int32_t)syscall(SYS_gettid);
    current_lane = lane;
    errno = saved;
    return lane;
}

__attribute__((used)) void release_foreign_lane(struct lane *lane) {
    int saved = errno;
    current_lane = lane->former;
    if (lane->lends_stack) take_stack_back();
    *lane->line = SFFI_STATE_PARKED;
    __sync_synchronize();
    make_free(lane);
    errno = saved;
}

void leave_foreign_lane(struct lane *lane) {
    current_lane = lane->former;
    if (lane->lends_stack) take_stack_back();
    left_lane = lane;
}

__attribute__((used)) void foreign_posted(void) {
    __sync_fetch_and_add(header_word(SFFI_HEADER_FOREIGN_POSTS), 1);
    ring_bell();
}

/* A foreign thread whose C frames were abandoned has nowhere to go on: it stays here. */
__attribute__((used, noreturn)) void foreign_abandoned(struct lane *lane) {
    release_foreign_lane(lane);
    for (;;) pause();
}
