/*
 * A fork leaves all threads behind but the one that called it; their stacks and thread-local storage are copied all the
 * same, and the C library takes them for running. So a thread of ours that stood still at the fork (a parked lane, the
 * keeper) is made again in the new process as itself: a kernel thread on the old thread-local storage. Nothing is
 * leaked, however often it happens, because no new thread comes into being as far as the C library knows.
 *
 * What the kernel keeps for a thread and a fork loses is registered again: where its id is stored, the list of robust
 * mutexes, the restartable sequences. The C library's place for the thread id is found by looking for it, in two threads,
 * so that a chance match in one does not count. See clone(2), set_robust_list(2), rseq in the kernel's documentation.
 */
#define _GNU_SOURCE
#include "revive.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LONGEST_THREAD_STRUCT = 2048, RSEQ_CPU_WORD = 1, RSEQ_UNREGISTERED = -2 };

#if defined(__x86_64__)
enum { RSEQ_SIGNATURE = 0x53053053 };
#else
enum { RSEQ_SIGNATURE = (int)0xd428bc00 };
#endif

/* Of glibc since 2.35. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

/* Bytes from pthread_self() to the thread's id; 0 while not known. */
static size_t tid_offset;

void take_identity(struct identity *identity) {
    identity->thread_pointer = (char *)__builtin_thread_pointer();
    identity->self = (char *)pthread_self();
    syscall(SYS_get_robust_list, 0, &identity->robust_list, &identity->robust_bytes);
}

void find_tid_offset(const struct identity *main_thread) {
    const char *self = (const char *)pthread_self();
    const int32_t here = (int32_t)syscall(SYS_gettid), there = (int32_t)syscall(SYS_getpid);
    for (size_t offset = 8; offset < LONGEST_THREAD_STRUCT; offset += 4) {
        if (*(const int32_t *)(self + offset) != here || *(const int32_t *)(main_thread->self + offset) != there) continue;
        tid_offset = offset;
        return;
    }
}

int knows_threads(void) {
    return tid_offset != 0;
}

static int *tid_of(const struct identity *identity) {
    return (int *)(identity->self + tid_offset);
}

void restore_registrations(const struct identity *identity) {
    syscall(SYS_set_robust_list, identity->robust_list, identity->robust_bytes);
    if (&__rseq_offset == NULL || &__rseq_size == NULL || __rseq_size == 0) return;
    char *area = identity->thread_pointer + __rseq_offset;
    unsigned int bytes = __rseq_size < 32 ? 32 : __rseq_size;
    if (syscall(SYS_rseq, area, bytes, 0, RSEQ_SIGNATURE) != 0) ((int32_t *)area)[RSEQ_CPU_WORD] = RSEQ_UNREGISTERED;
}

int fork_main(const struct identity *main_thread, char *stack_top, int (*run)(void *)) {
    int flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
    return clone(run, stack_top, flags, NULL, NULL, NULL, tid_of(main_thread));
}

int revive(const struct identity *identity, char *stack_top, int (*run)(void *), void *argument) {
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS |
                CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    int *tid = tid_of(identity);
    return clone(run, stack_top, flags, argument, tid, identity->thread_pointer, tid);
}
