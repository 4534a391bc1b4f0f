/*
 * C code that ends its process ends a callout instead. `exit` of any library runs the functions registered with
 * on_exit, the first registered last: ours stops the thread there. `_exit`, `_Exit`, `quick_exit`, `pthread_exit` and
 * the exec family are defined here and exported, so that libraries bind to these. In a process that C code forked off they do what they
 * always did.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default"), noreturn))
#define EXPORT_RETURNING __attribute__((visibility("default")))

static void leave(int status) {
    for (;;) syscall(SYS_exit_group, status);
}

/* True on a thread that C code made too: what it does there would end every callout. */
static int ends_callouts(void) {
    if (!in_executor() || *header_word(SFFI_HEADER_BOOT_STATE) != 1) return 0;
    return current_lane == NULL ? !makes_own_threads : callout_runs();
}

EXPORT void _exit(int status) {
    if (ends_callouts()) fault_outside_signal(current_lane, SFFI_KIND_IMMEDIATE_EXIT, status);
    leave(status);
    __builtin_unreachable();
}

EXPORT void _Exit(int status) {
    _exit(status);
}

/* The functions registered with at_quick_exit do not run: nothing that follows is to find its library closed down. */
EXPORT void quick_exit(int status) {
    if (ends_callouts()) fault_outside_signal(current_lane, SFFI_KIND_QUICK_EXIT, status);
    void (*real)(int) = (void (*)(int))dlsym(RTLD_NEXT, "quick_exit");
    if (real != NULL) real(status);
    leave(status);
    __builtin_unreachable();
}

/* The executor would be another program from then on. A child made by vfork or posix_spawn may do so, and does. */
typedef int (*execute_function)(const char *, char *const[], char *const[]);

EXPORT_RETURNING int execve(const char *path, char *const arguments[], char *const environment[]) {
    if (ends_callouts()) fault_with_text(current_lane, SFFI_KIND_EXECUTE, path);
    execute_function real = (execute_function)dlsym(RTLD_NEXT, "execve");
    return real(path, arguments, environment);
}

EXPORT_RETURNING int execvpe(const char *file, char *const arguments[], char *const environment[]) {
    if (ends_callouts()) fault_with_text(current_lane, SFFI_KIND_EXECUTE, file);
    execute_function real = (execute_function)dlsym(RTLD_NEXT, "execvpe");
    return real(file, arguments, environment);
}

EXPORT_RETURNING int execv(const char *path, char *const arguments[]) {
    return execve(path, arguments, environ);
}

EXPORT_RETURNING int execvp(const char *file, char *const arguments[]) {
    return execvpe(file, arguments, environ);
}

/* The arguments of execl, execlp and execle as an array, up to the NULL that ends them. */
#define GATHER(arguments, first, list)                                                 \
    va_list list, counted;                                                             \
    va_start(list, first);                                                             \
    va_copy(counted, list);                                                            \
    size_t count = 1;                                                                  \
    for (const char *at = first; at != NULL; at = va_arg(counted, const char *)) count++; \
    va_end(counted);                                                                   \
    char *arguments[count];                                                            \
    arguments[0] = (char *)(uintptr_t)first;                                           \
    for (size_t i = 1; i < count; i++) arguments[i] = va_arg(list, char *)

EXPORT_RETURNING int execl(const char *path, const char *first, ...) {
    GATHER(arguments, first, list);
    va_end(list);
    return execve(path, arguments, environ);
}

EXPORT_RETURNING int execlp(const char *file, const char *first, ...) {
    GATHER(arguments, first, list);
    va_end(list);
    return execvpe(file, arguments, environ);
}

EXPORT_RETURNING int execle(const char *path, const char *first, ...) {
    GATHER(arguments, first, list);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    return execve(path, arguments, environment);
}

/* A lane's thread that ended would leave the VM waiting for it. */
EXPORT void pthread_exit(void *value) {
    if (in_executor() && callout_runs()) fault_outside_signal(current_lane, SFFI_KIND_THREAD_EXIT, 0);
    void (*real)(void *) = (void (*)(void *))dlsym(RTLD_NEXT, "pthread_exit");
    if (real != NULL) real(value);
    leave(1);
    __builtin_unreachable();
}

static void on_exit_called(int status) {
    if (!ends_callouts()) return;
    watch_exits(); /* exit has used up the registration; the next exit needs one of its own */
    fault_outside_signal(current_lane, SFFI_KIND_EXIT, status);
}

#ifdef __GLIBC__
void exit_was_called(int status, void *unused) {
    (void)unused;
    on_exit_called(status);
}

int watch_exits(void) {
    return on_exit(exit_was_called, NULL);
}
#else
void exit_was_called(int status, void *unused) {
    (void)unused;
    on_exit_called(status);
}

static void without_status(void) {
    exit_was_called(-1, NULL);
}

int watch_exits(void) {
    return atexit(without_status);
}
#endif
