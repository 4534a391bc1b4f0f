/*
 * C code that ends its process ends a callout instead. `exit` of any library runs the functions registered with
 * on_exit, the first registered last: ours stops the thread there. `_exit`, `_Exit` and `pthread_exit` are defined here
 * and exported, so that libraries bind to these. On a thread without a lane, and in a process that C code forked off,
 * they do what they always did.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default"), noreturn))

static void leave(int status) {
    for (;;) syscall(SYS_exit_group, status);
}

static int callout_runs(void) {
    return in_executor() && current_lane != NULL && *current_lane->line == SFFI_STATE_REQUEST;
}

EXPORT void _exit(int status) {
    if (callout_runs()) fault_outside_signal(current_lane, SFFI_KIND_IMMEDIATE_EXIT, status);
    leave(status);
    __builtin_unreachable();
}

EXPORT void _Exit(int status) {
    _exit(status);
}

/* A lane's thread that ended would leave the VM waiting for it. */
EXPORT void pthread_exit(void *value) {
    if (callout_runs()) fault_outside_signal(current_lane, SFFI_KIND_THREAD_EXIT, 0);
    void (*real)(void *) = (void (*)(void *))dlsym(RTLD_NEXT, "pthread_exit");
    if (real != NULL) real(value);
    leave(1);
    __builtin_unreachable();
}

static void on_exit_called(int status) {
    if (!callout_runs()) return;
    watch_exits(); /* exit has used up the registration; the next exit needs one of its own */
    fault_outside_signal(current_lane, SFFI_KIND_EXIT, status);
}

#ifdef __GLIBC__
static void with_status(int status, void *unused) {
    (void)unused;
    on_exit_called(status);
}

int watch_exits(void) {
    return on_exit(with_status, NULL);
}
#else
static void without_status(void) {
    on_exit_called(-1);
}

int watch_exits(void) {
    return atexit(without_status);
}
#endif
