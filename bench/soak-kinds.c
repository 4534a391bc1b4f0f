/* The faults of `soak kinds`: one function each, answered in place. Compiled by bench/soak.ts with the machine's compiler. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int answer(void) { return 42; }
int read_null(void) { return *(volatile int *)0; }
int write_wild(void) { return *(volatile int *)0x123456789000 = 1; }
int past_end(volatile char *bytes) { return bytes[64]; }
int before_start(volatile char *bytes) { return bytes[-1] = 1; }
static int data[4];
int execute_data(void) { return ((int (*)(void))(void *)data)(); }
int jump_to_null(void) {
    int (*volatile nowhere)(void) = NULL;
    return nowhere() + 1;
}
int recurse(int n) {
    volatile char frame[4096];
    frame[0] = (char)n;
    return recurse(n + 1) + frame[0];
}
int divide(int a, int b) { return a / b; }
int illegal(void) { __builtin_trap(); }
int breakpoint(void) {
    __asm__ volatile("int3");
    return 0;
}
int truncated_mapping(void) {
    static volatile char *bytes;
    if (bytes == NULL) {
        int fd = memfd_create("short", 0);
        bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
    }
    return bytes[0];
}
int give_up(void) { abort(); }
int free_twice(void) {
    char *volatile block = malloc(24);
    free(block);
    free(block);
    return 0;
}
int leave(void) { exit(3); }
int leave_now(void) { _exit(4); }
int raise_term(void) { return raise(SIGTERM); }
int end_thread(void) { pthread_exit(NULL); }
int forever(void) { for (;;) __asm__ volatile(""); }
int stop(void) { return raise(SIGSTOP); }
static void *thread_body(void *at) { return (void *)(intptr_t)*(volatile int *)at; }
int in_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_body, (void *)8) != 0) return -1;
    pthread_join(thread, NULL);
    return 5;
}
int kill_self(void) { return kill(getpid(), SIGKILL); }
