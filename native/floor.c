/*
 * The floor under every callout: two threads on two cores pass one cache line back and forth, C to C, with nothing else
 * to do. Printed as JSON beside the callouts of the same run (bench/callout.ts): median of the batch means, and the 99th
 * percentile of round trips timed one by one, less the clock's own cost.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void) {
    static double means[BATCHES], singles[SINGLES], clocks[SINGLES];
    pthread_t thread;
    if (pthread_create(&thread, NULL, other, NULL) != 0) return 1;
    for (int i = 0; i < WARM_UP; i++) round_trip(-i);
    for (int batch = 0; batch < BATCHES; batch++) {
        double start = now();
        for (int i = 0; i < BATCH; i++) round_trip(-i);
        means[batch] = (now() - start) / BATCH;
    }
    for (int i = 0; i < SINGLES; i++) {
        double start = now();
        clocks[i] = now() - start;
        start = now();
        round_trip(-i);
        singles[i] = now() - start;
    }
    qsort(means, BATCHES, sizeof means[0], ascending);
    qsort(singles, SINGLES, sizeof singles[0], ascending);
    qsort(clocks, SINGLES, sizeof clocks[0], ascending);
    printf("{\"median\":%.1f,\"p99\":%.1f,\"runs\":%d}\n", means[BATCHES / 2],
           singles[SINGLES * 99 / 100] - clocks[SINGLES / 2], BATCHES * BATCH);
    return 0;
}
