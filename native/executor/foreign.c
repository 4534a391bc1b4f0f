/*
 * Threads that C code made. They have no lane, so that a fault of theirs is told in one of a few slots of the shared
 * memory's header; the VM sees the slot's bit before its next callout or in the wait for a running one. The thread stays
 * where it is until the VM says `end`: then it leaves its start routine as if that had answered NULL, so that whoever
 * joins it goes on and glibc frees its stack.
 *
 * `pthread_create` is defined here and exported, so that libraries bind to it: each thread gets an alternate stack (a
 * stack overflow could not be told otherwise) and the way out. Threads made by the kernel's clone end by the exit call.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "futex.h"

#define EXPORT __attribute__((visibility("default")))

enum { SLOT_RETRY_NS = 2000000 };

struct start {
    void *(*run)(void *);
    void *argument;
};

static __thread sigjmp_buf *way_out;
static pthread_key_t stack_key;
static pthread_once_t stack_key_made = PTHREAD_ONCE_INIT;

__thread int makes_own_threads;

static volatile int32_t *slot_state(const char *record) {
    return (volatile int32_t *)(record + SFFI_FOREIGN_SLOT_STATE);
}

/* A free slot's record. Waits where all are taken: the VM resolves one after the other. */
char *claim_foreign_slot(void) {
    for (;;) {
        int32_t standing = *header_word(SFFI_HEADER_FOREIGN_FAULTS);
        for (int i = 0; i < SFFI_FOREIGN_SLOT_COUNT; i++) {
            char *record = domain + SFFI_FOREIGN_SLOT_BASE + (size_t)i * SFFI_FOREIGN_SLOT_STRIDE;
            if (__sync_bool_compare_and_swap(slot_state(record), SFFI_FOREIGN_FREE, SFFI_FOREIGN_CLAIMED)) return record;
        }
        futex_wait(header_word(SFFI_HEADER_FOREIGN_FAULTS), standing, SLOT_RETRY_NS);
    }
}

/* Tells the fault in `record`, waits for the VM's `end` and ends the thread. */
void stop_foreign(char *record) {
    volatile int32_t *state = slot_state(record);
    size_t index = (size_t)(record - (domain + SFFI_FOREIGN_SLOT_BASE)) / SFFI_FOREIGN_SLOT_STRIDE;
    int32_t bit = (int32_t)(1u << index);
    *state = SFFI_FOREIGN_STANDING;
    __sync_fetch_and_or(header_word(SFFI_HEADER_FOREIGN_FAULTS), bit);
    ring_bell();
    while (*state == SFFI_FOREIGN_STANDING) futex_wait(state, SFFI_FOREIGN_STANDING, 0);
    __sync_fetch_and_and(header_word(SFFI_HEADER_FOREIGN_FAULTS), ~bit);
    *state = SFFI_FOREIGN_FREE;
    __sync_synchronize();
    futex_wake(state);
    if (way_out != NULL) siglongjmp(*way_out, 1);
    for (;;) syscall(SYS_exit, 0);
}

static void make_stack_key(void) {
    if (pthread_key_create(&stack_key, drop_alternate_stack) != 0) abort();
}

static void *run_thread(void *given) {
    struct start start = *(struct start *)given;
    free(given);
    sigjmp_buf here;
    void *stack = make_alternate_stack();
    if (stack != NULL && pthread_setspecific(stack_key, stack) != 0) drop_alternate_stack(stack);
    if (sigsetjmp(here, 1) != 0) return NULL;
    way_out = &here;
    return start.run(start.argument);
}

typedef int (*create_function)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    static create_function real;
    if (real == NULL) real = (create_function)dlsym(RTLD_NEXT, "pthread_create");
    int is_ours = makes_own_threads || *header_word(SFFI_HEADER_BOOT_STATE) != 1;
    if (is_ours || !in_executor()) return real(thread, attributes, run, argument);
    pthread_once(&stack_key_made, make_stack_key);
    struct start *start = malloc(sizeof *start);
    if (start == NULL) return EAGAIN;
    *start = (struct start){run, argument};
    int failed = real(thread, attributes, run_thread, start);
    if (failed) free(start);
    return failed;
}
