/*
 * A checkpoint is a fork of this process that waits: the standby. The VM calls `checkpoint` as any C function, on the
 * main thread. The standby is a sibling, a child of the VM, so that it dies with the VM and is waited for by it. It waits
 * on a private stack, because the lane's stack is shared and the calls after the checkpoint overwrite it. When the VM
 * names it in the header, and not before this process is dead, it becomes the executor: its memory is as it was. To wake up
 * takes longer than all else, so the VM says first that it is to be awake.
 *
 * The VM refuses a standby that was made beside threads of C's making: a fork loses them and keeps the locks that they hold.
 * Parked lanes and the keeper hold none; they are revived by the standby.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "futex.h"
#include "revive.h"

/* The keeper is busy for moments only; at most 100 ms. */
enum { STANDBY_STACK_BYTES = 64 * 1024, KEEPER_LOOKS = 5000, KEEPER_LOOK_NS = 20000 };
/*
 * A standby that is to be awake looks for some 30 µs at once. It has its core, mostly, because the executor that is to die has left
 * it; what waits for the core then is the taking apart of memory, which takes longer than to take over. Where the executor needs
 * this core to die it has it then. To yield instead would give the core to any program that computes, for milliseconds.
 */
enum { AWAKE_LOOKS = 1200 };

static char standby_stack[STANDBY_STACK_BYTES] __attribute__((aligned(64)));

/* The VM goes on as soon as the lanes are there; the keeper follows. */
static void take_over(int32_t pid) {
    executor_pid = pid;
    revive_lanes();
    *header_word(SFFI_HEADER_TAKEN_OVER) = pid;
    futex_wake(header_word(SFFI_HEADER_TAKEN_OVER));
    revive_keeper();
    resume_lane(0);
}

static void wait_for_takeover(int32_t pid) {
    volatile int32_t *word = header_word(SFFI_HEADER_TAKEOVER);
    volatile int32_t *awake = header_word(SFFI_HEADER_STANDBY_AWAKE);
    for (int32_t seen; (seen = *word) != pid;) {
        if (seen == -pid) {
            *awake = pid;
            for (int looks = 0; looks < AWAKE_LOOKS && *word == seen; looks++) relax();
            *awake = 0;
            __sync_synchronize();
        }
        futex_wait(word, seen, 0);
    }
}

/* Runs in the standby. The thread's own identity is that of the main thread, whose storage the fork copied. */
static int standby(void *unused) {
    (void)unused;
    int32_t pid = (int32_t)syscall(SYS_getpid);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (syscall(SYS_getppid) != vm_pid) syscall(SYS_exit_group, 0);
    setpgid(0, 0); /* kill(0, …) in C ends the executor, and must not end the way back */
    madvise(domain, SFFI_DOMAIN_BYTES, MADV_DONTFORK);
    advise_alternate_stack(0, MADV_KEEPONFORK);
    wait_for_takeover(pid);
    take_over(pid);
    return 0;
}

/* Answers the standby's process id, or why there is none. */
int checkpoint(void) {
    int saved = errno;
    int answer;
    for (int looks = 0; keeper_is_busy() && looks < KEEPER_LOOKS; looks++) nanosleep(&(struct timespec){0, KEEPER_LOOK_NS}, NULL);
    if (keeper_is_busy()) answer = SFFI_CHECKPOINT_BUSY_KEEPER;
    else if (!knows_threads()) answer = SFFI_CHECKPOINT_UNKNOWN_THREADS;
    else {
        madvise(domain, SFFI_DOMAIN_BYTES, MADV_DOFORK);
        /* Nothing lies there between faults: the fork leaves it out, and the next fault's handler finds its pages its own. */
        advise_alternate_stack(0, MADV_WIPEONFORK);
        answer = fork_main(lane_identity(0), standby_stack + STANDBY_STACK_BYTES, standby);
        if (answer < 0) answer = SFFI_CHECKPOINT_FORK - errno;
        advise_alternate_stack(0, MADV_KEEPONFORK);
        madvise(domain, SFFI_DOMAIN_BYTES, MADV_DONTFORK);
    }
    errno = saved;
    return answer;
}
