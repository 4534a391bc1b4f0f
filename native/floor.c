/*
 * The floor under every callout, two threads in C with nothing else to do. `floor`: on two cores they pass one cache line
 * back and forth. `floor futex`: on one core they wake each other and sleep. Printed as JSON beside the callouts of the same
 * run (bench/callout.ts): median and tenth percentile of the batch means, and the 99th percentile of round trips timed one by one, less the
 * clock's own cost.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 201, BATCH = 2000, SINGLES = 20001, WARM_UP = 200000 };

static struct {
    volatile int32_t state;
    int32_t unused;
    volatile int64_t words[7];
} line __attribute__((aligned(64)));

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield");
#endif
}

static void *other(void *unused) {
    for (;;) {
        while (__atomic_load_n(&line.state, __ATOMIC_ACQUIRE) != 1) relax();
        line.words[0] = line.words[0] < 0 ? -line.words[0] : line.words[0];
        __atomic_store_n(&line.state, 2, __ATOMIC_RELEASE);
    }
    return unused;
}

static void round_trip(int64_t value) {
    line.words[0] = value;
    __atomic_store_n(&line.state, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&line.state, __ATOMIC_ACQUIRE) != 2) {}
}

static void hand_over(int32_t mine, int32_t theirs) {
    __atomic_store_n(&line.state, mine, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &line.state, FUTEX_WAKE, 1, NULL, NULL, 0);
    while (__atomic_load_n(&line.state, __ATOMIC_SEQ_CST) != theirs)
        syscall(SYS_futex, &line.state, FUTEX_WAIT, mine, NULL, NULL, 0);
}

static void *other_sleeper(void *unused) {
    while (__atomic_load_n(&line.state, __ATOMIC_SEQ_CST) != 1) sched_yield();
    for (;;) {
        line.words[0] = line.words[0] < 0 ? -line.words[0] : line.words[0];
        hand_over(2, 1);
    }
    return unused;
}

static void sleeping_round_trip(int64_t value) {
    line.words[0] = value;
    hand_over(1, 2);
}

static int stay_here(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    return sched_setaffinity(0, sizeof one, &one);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    int sleeps = argc == 2 && strcmp(argv[1], "futex") == 0;
    void (*trip)(int64_t) = sleeps ? sleeping_round_trip : round_trip;
    int batch_size = sleeps ? BATCH / 20 : BATCH, single_count = sleeps ? SINGLES / 10 : SINGLES;
    static double means[BATCHES], singles[SINGLES], clocks[SINGLES];
    pthread_t thread;
    if (sleeps && stay_here() != 0) return 1;
    if (pthread_create(&thread, NULL, sleeps ? other_sleeper : other, NULL) != 0) return 1;
    for (int i = 0; i < (sleeps ? WARM_UP / 100 : WARM_UP); i++) trip(-i);
    for (int batch = 0; batch < BATCHES; batch++) {
        double start = now();
        for (int i = 0; i < batch_size; i++) trip(-i);
        means[batch] = (now() - start) / batch_size;
    }
    for (int i = 0; i < single_count; i++) {
        double start = now();
        clocks[i] = now() - start;
        start = now();
        trip(-i);
        singles[i] = now() - start;
    }
    qsort(means, BATCHES, sizeof means[0], ascending);
    qsort(singles, (size_t)single_count, sizeof singles[0], ascending);
    qsort(clocks, (size_t)single_count, sizeof clocks[0], ascending);
    printf("{\"median\":%.1f,\"least\":%.1f,\"p99\":%.1f,\"runs\":%d}\n", means[BATCHES / 2], means[BATCHES / 10],
           singles[single_count * 99 / 100] - clocks[single_count / 2], BATCHES * batch_size);
    return 0;
}
