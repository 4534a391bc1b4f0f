/*
 * Threads that a fork left behind, made again in the new process. See revive.c.
 */
#ifndef SAFEFFI_REVIVE_H
#define SAFEFFI_REVIVE_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* What makes a thread of this process itself. */
struct identity {
    char *thread_pointer;
    char *self; /* pthread_self() */
    void *robust_list;
    size_t robust_bytes;
};

/* The calling thread's. */
void take_identity(struct identity *identity);
/* Called once, by a thread that is not the main one. */
void find_tid_offset(const struct identity *main_thread);
/* Whether the C library keeps a thread's id where it was found: else nothing here may be used. */
int knows_threads(void);
/* Tells the kernel again, on a revived or forked thread, what a fork loses. */
void restore_registrations(const struct identity *identity);
/* Forks the process, called by its main thread; `run` starts in the new one on `stack_top`, whose parent is ours. */
int fork_main(const struct identity *main_thread, char *stack_top, int (*run)(void *));
/* Starts `run` as the thread `identity`, which a fork left behind. Answers the thread's id, or -1 and errno. */
int revive(const struct identity *identity, char *stack_top, int (*run)(void *), void *argument);

#endif
