/*
 * Sleeping on a word shared by two processes. These keep errno as it is: they run on threads whose errno belongs to C
 * code. The futex words lie in a shared mapping, so the PRIVATE variants would not do.
 */
#ifndef SAFEFFI_FUTEX_H
#define SAFEFFI_FUTEX_H

#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleeps while *word is `expected`, at most `nanoseconds` (0: no limit). May return early. */
static inline void futex_wait(volatile int32_t *word, int32_t expected, long nanoseconds) {
    int saved = errno;
    struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT, expected, nanoseconds == 0 ? NULL : &limit, NULL, 0);
    errno = saved;
}

static inline void futex_wake_count(volatile int32_t *word, int32_t sleepers) {
    int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAKE, sleepers, NULL, NULL, 0);
    errno = saved;
}

static inline void futex_wake(volatile int32_t *word) {
    futex_wake_count(word, 1);
}

static inline void futex_wake_all(volatile int32_t *word) {
    futex_wake_count(word, INT32_MAX);
}

#endif
