/*
 * A checkpoint is a fork of this process that waits: the standby. The VM calls `checkpoint` as any C function, on the
 * main thread. The standby is a sibling, a child of the VM, so that it dies with the VM and is waited for by it. It waits
 * on a private stack, because the lane's stack is shared and the calls after the checkpoint overwrite it. When the VM
 * names it in the header, and not before this process is dead, it becomes the executor: its memory is as it was.
 *
 * Refused while there are threads of C's making: a fork would lose them and keep the locks that they hold. Parked lanes
 * and the keeper hold none; they are revived by the standby.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "futex.h"
#include "revive.h"

/* The keeper is busy for moments only; at most 100 ms. */
enum { STANDBY_STACK_BYTES = 64 * 1024, KEEPER_LOOKS = 5000, KEEPER_LOOK_NS = 20000 };

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

/* Runs in the standby. The thread's own identity is that of the main thread, whose storage the fork copied. */
static int standby(void *unused) {
    (void)unused;
    int32_t pid = (int32_t)syscall(SYS_getpid);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (syscall(SYS_getppid) != vm_pid) syscall(SYS_exit_group, 0);
    setpgid(0, 0); /* kill(0, …) in C ends the executor, and must not end the way back */
    madvise(domain, SFFI_DOMAIN_BYTES, MADV_DONTFORK);
    volatile int32_t *word = header_word(SFFI_HEADER_TAKEOVER);
    for (int32_t seen; (seen = *word) != pid;) futex_wait(word, seen, 0);
    take_over(pid);
    return 0;
}

/* Threads of this process, or 0 where the system does not tell. */
static long thread_count(void) {
    struct stat task;
    return stat("/proc/self/task", &task) == 0 ? (long)task.st_nlink - 2 : 0;
}

/* Answers the standby's process id, or why there is none. */
int checkpoint(void) {
    int saved = errno;
    int answer;
    for (int looks = 0; keeper_is_busy() && looks < KEEPER_LOOKS; looks++) nanosleep(&(struct timespec){0, KEEPER_LOOK_NS}, NULL);
    if (keeper_is_busy()) answer = SFFI_CHECKPOINT_BUSY_KEEPER;
    else if (!knows_threads()) answer = SFFI_CHECKPOINT_UNKNOWN_THREADS;
    else if (thread_count() != own_thread_count()) answer = SFFI_CHECKPOINT_FOREIGN_THREADS;
    else {
        madvise(domain, SFFI_DOMAIN_BYTES, MADV_DOFORK);
        answer = fork_main(lane_identity(0), standby_stack + STANDBY_STACK_BYTES, standby);
        if (answer < 0) answer = SFFI_CHECKPOINT_FORK - errno;
        madvise(domain, SFFI_DOMAIN_BYTES, MADV_DONTFORK);
    }
    errno = saved;
    return answer;
}
