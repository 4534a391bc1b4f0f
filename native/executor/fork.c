/*
 * `fork` in C code. A lane's stack is memory shared with the VM, which a forked process must not have: it would run on the
 * stack of its parent. So `fork` is defined here and exported: libraries bind to it, and on a lane it gives the new process
 * a private copy of the lane at the same addresses, with the stack and the argument buffers of its callout. It runs on a
 * stack of its own meanwhile, because the lane's is gone in the new process until it is copied.
 *
 * The new process is C's own: its signals have their default actions, and where it returns from the callout it ends with
 * status 0 (park_sleep). Forks that do not go through this function (daemon, forkpty, the kernel's own) die at once on a
 * lane; vfork and what is made of it (posix_spawn, system, popen) share the memory and work as ever.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { PAGE = 4096, STACK_BYTES = 256 * 1024, MOST_PAGES = SFFI_LANE_STRIDE / PAGE };

/* A fork under way, in memory of its own. */
struct forking {
    pid_t (*fork)(void);
    pid_t result;
    int error;
    char *start; /* from the page of the stack pointer to the end of the lane */
    size_t pages;
    size_t copies;
    ucontext_t back, away;
    unsigned char resident[MOST_PAGES];
    char stack[STACK_BYTES] __attribute__((aligned(64)));
    char bytes[] __attribute__((aligned(64))); /* the resident pages, one after the other */
};

static int is_on_lane(const char *at) {
    return at >= domain + SFFI_HEADER_BYTES && at < domain + SFFI_DOMAIN_BYTES;
}

static char *lane_end(const char *at) {
    size_t index = (size_t)(at - domain - SFFI_HEADER_BYTES) / SFFI_LANE_STRIDE;
    return domain + SFFI_HEADER_BYTES + (index + 1) * SFFI_LANE_STRIDE;
}

/* In the new process: the lane's place is empty. */
static int restore_copy(struct forking *forking) {
    char *place = mmap(forking->start, forking->pages * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (place != forking->start) return -1;
    const char *from = forking->bytes;
    for (size_t i = 0; i < forking->pages; i++) {
        if ((forking->resident[i] & 1) == 0) continue;
        memcpy(place + i * PAGE, from, PAGE);
        from += PAGE;
    }
    return 0;
}

/* On the private stack. The context's function takes ints, so the address comes in two. */
static void fork_away(unsigned int low, unsigned int high) {
    struct forking *forking = (struct forking *)((uintptr_t)high << 32 | low);
    char *to = forking->bytes;
    for (size_t i = 0; i < forking->pages; i++) {
        if ((forking->resident[i] & 1) == 0) continue;
        memcpy(to, forking->start + i * PAGE, PAGE);
        to += PAGE;
    }
    forking->result = forking->fork();
    forking->error = errno;
    if (forking->result == 0 && restore_copy(forking) != 0) _exit(127);
}

/* Guard pages have never been touched, so that they are not resident and not copied. */
static struct forking *prepare(char *at) {
    static unsigned char resident[MOST_PAGES];
    static volatile int32_t busy;
    char *start = (char *)((uintptr_t)at & ~(uintptr_t)(PAGE - 1));
    size_t pages = (size_t)(lane_end(at) - start) / PAGE, copies = 0;
    while (__sync_lock_test_and_set(&busy, 1) != 0) relax();
    struct forking *forking = MAP_FAILED;
    if (mincore(start, pages * PAGE, resident) == 0) {
        for (size_t i = 0; i < pages; i++) copies += resident[i] & 1;
        forking = mmap(NULL, sizeof *forking + copies * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (forking != MAP_FAILED) memcpy(forking->resident, resident, pages);
    }
    __sync_lock_release(&busy);
    if (forking == MAP_FAILED) return NULL;
    forking->start = start;
    forking->pages = pages;
    forking->copies = copies;
    return forking;
}

EXPORT pid_t fork(void) {
    pid_t (*real)(void) = (pid_t (*)(void))dlsym(RTLD_NEXT, "fork");
    char *here = __builtin_frame_address(0);
    if (!in_executor() || !is_on_lane(here)) return real();
    struct forking *forking = prepare(here - PAGE);
    if (forking == NULL || getcontext(&forking->away) != 0) return -1;
    forking->fork = real;
    forking->away.uc_stack.ss_sp = forking->stack;
    forking->away.uc_stack.ss_size = STACK_BYTES;
    forking->away.uc_link = &forking->back;
    uintptr_t address = (uintptr_t)forking;
    makecontext(&forking->away, (void (*)(void))fork_away, 2, (unsigned int)address, (unsigned int)(address >> 32));
    swapcontext(&forking->back, &forking->away);
    pid_t result = forking->result;
    int error = forking->error;
    munmap(forking, sizeof *forking + forking->copies * PAGE);
    if (result < 0) errno = error;
    return result;
}
