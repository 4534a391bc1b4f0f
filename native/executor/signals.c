/*
 * Signals between the executor and the libraries in it. `sigaction`, `signal`, `sigprocmask`, `pthread_sigmask` and
 * `sigaltstack` are defined here and exported, so that libraries bind to these:
 *
 * - A library's handler for a fault signal does not replace ours. It is remembered, told back to the library when it
 *   asks, and run first when the signal comes: a collector's write barrier, a runtime's null check, a crash reporter
 *   work as they do elsewhere. When it returns and the same instruction faults again ten thousand times, no
 *   register changed, it cannot help and the fault is told. A crash reporter's abort is a fault of its own, its backtrace reaching to the first.
 * - Fault signals are never blocked: the kernel kills a process that faults while its signal is blocked.
 * - The alternate stack stays ours.
 * - `kill` of the process itself is `raise`: the signal comes on the thread that asked for it, before the call returns.
 * - A signal whose default action ends the process (SIGTERM, SIGALRM, SIGUSR1, …) is a fault unless the library handles it.
 *
 * Whoever calls the kernel by itself gets past all this, and at worst to the executor's death.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef void (*handler_function)(int, siginfo_t *, void *);

enum { SAME_FAULT_LIMIT = 10000 };

/* What libraries asked for, for the fault signals. */
static struct sigaction wishes[NSIG];
static handler_function ours; /* NULL until the handlers stand: before, everything goes through */
static __thread stack_t alternate_wish = {.ss_flags = SS_DISABLE};

enum signal_class signal_class(int number) {
    switch (number) {
    case SIGSEGV: case SIGBUS: case SIGFPE: case SIGILL: case SIGABRT: case SIGTRAP: case SIGSYS:
        return SIGNAL_FAULT;
    case SIGHUP: case SIGQUIT: case SIGTERM: case SIGALRM: case SIGVTALRM: case SIGPROF: case SIGUSR1: case SIGUSR2:
    case SIGPOLL: case SIGPWR: case SIGSTKFLT: case SIGXCPU: case SIGXFSZ:
        return SIGNAL_ENDING;
    default:
        return SIGNAL_FREE;
    }
}

static int is_guarded(int number) {
    return number == SFFI_DEADLINE_SIGNAL || signal_class(number) == SIGNAL_FAULT;
}

void guard_signals(handler_function handler) {
    for (int number = 1; number < NSIG; number++) wishes[number].sa_handler = SIG_DFL;
    ours = handler;
}

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) syscall(SYS_exit_group, 5); /* no libc known lacks them */
    return found;
}

int real_sigaction(int number, const struct sigaction *wanted, struct sigaction *old) {
    static int (*real)(int, const struct sigaction *, struct sigaction *);
    if (real == NULL) real = (int (*)(int, const struct sigaction *, struct sigaction *))next("sigaction");
    return real(number, wanted, old);
}

int real_sigaltstack(const stack_t *wanted, stack_t *old) {
    static int (*real)(const stack_t *, stack_t *);
    if (real == NULL) real = (int (*)(const stack_t *, stack_t *))next("sigaltstack");
    return real(wanted, old);
}

static int real_sigmask(int how, const sigset_t *wanted, sigset_t *old) {
    static int (*real)(int, const sigset_t *, sigset_t *);
    if (real == NULL) real = (int (*)(int, const sigset_t *, sigset_t *))next("sigprocmask");
    return real(how, wanted, old);
}

/* The mask of a lane that parks: what an abandoned callout blocked must not stay so. */
void unblock_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    real_sigmask(SIG_SETMASK, &none, NULL);
}

EXPORT int sigaction(int number, const struct sigaction *wanted, struct sigaction *old) {
    if (ours == NULL || !in_executor() || number < 1 || number >= NSIG) return real_sigaction(number, wanted, old);
    if (is_guarded(number)) {
        struct sigaction before = wishes[number];
        if (wanted != NULL) wishes[number] = *wanted;
        if (old != NULL) *old = before;
        return 0;
    }
    if (signal_class(number) == SIGNAL_FREE) return real_sigaction(number, wanted, old);
    struct sigaction mine = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    mine.sa_sigaction = ours;
    int failed = real_sigaction(number, wanted != NULL && wanted->sa_handler == SIG_DFL ? &mine : wanted, old);
    if (failed == 0 && old != NULL && old->sa_sigaction == ours) *old = (struct sigaction){.sa_handler = SIG_DFL};
    return failed;
}

static sighandler_t set_handler(int number, sighandler_t handler, int flags) {
    struct sigaction wanted = {.sa_handler = handler, .sa_flags = flags}, old;
    sigemptyset(&wanted.sa_mask);
    return sigaction(number, &wanted, &old) == 0 ? old.sa_handler : SIG_ERR;
}

EXPORT sighandler_t signal(int number, sighandler_t handler) {
    return set_handler(number, handler, SA_RESTART);
}

EXPORT sighandler_t bsd_signal(int number, sighandler_t handler) {
    return set_handler(number, handler, SA_RESTART);
}

EXPORT sighandler_t sysv_signal(int number, sighandler_t handler) {
    return set_handler(number, handler, (int)(SA_RESETHAND | SA_NODEFER));
}

EXPORT sighandler_t __sysv_signal(int number, sighandler_t handler) {
    return sysv_signal(number, handler);
}

EXPORT int kill(pid_t process, int number) {
    if (ours != NULL && in_executor() && process == executor_pid && signal_class(number) != SIGNAL_FREE)
        return (int)syscall(SYS_tgkill, executor_pid, (pid_t)syscall(SYS_gettid), number);
    return (int)syscall(SYS_kill, process, number);
}

static const sigset_t *without_guarded(const sigset_t *wanted, int how, sigset_t *copy) {
    if (wanted == NULL || how == SIG_UNBLOCK || ours == NULL || !in_executor()) return wanted;
    *copy = *wanted;
    for (int number = 1; number < NSIG; number++)
        if (is_guarded(number)) sigdelset(copy, number);
    return copy;
}

EXPORT int sigprocmask(int how, const sigset_t *wanted, sigset_t *old) {
    sigset_t copy;
    return real_sigmask(how, without_guarded(wanted, how, &copy), old);
}

EXPORT int pthread_sigmask(int how, const sigset_t *wanted, sigset_t *old) {
    int saved = errno;
    if (sigprocmask(how, wanted, old) == 0) return 0;
    int failed = errno;
    errno = saved;
    return failed;
}

EXPORT int sigaltstack(const stack_t *wanted, stack_t *old) {
    if (ours == NULL || !in_executor()) return real_sigaltstack(wanted, old);
    stack_t before = alternate_wish;
    if (wanted != NULL) alternate_wish = *wanted;
    if (old != NULL) *old = before;
    return 0;
}

/* True while a handler's return has a chance to change anything: where it does not, every register is the same again. */
static int is_new(void *context) {
    static __thread uint64_t last;
    static __thread int repeats;
    uint64_t now = registers_digest(context);
    repeats = now == last ? repeats + 1 : 0;
    last = now;
    return repeats < SAME_FAULT_LIMIT;
}

/* Runs the library's own handler, if it has one. True when the signal is dealt with and the code may go on. */
int ask_library(int number, siginfo_t *info, void *context) {
    struct sigaction wish = wishes[number];
    int sent = info->si_code <= 0;
    if (!is_guarded(number) || wish.sa_handler == SIG_DFL) return 0;
    if (wish.sa_handler == SIG_IGN) return sent && number != SIGABRT;
    if (!sent && !is_new(context)) return 0;
    if (wish.sa_flags & (int)SA_RESETHAND) wishes[number].sa_handler = SIG_DFL;
    sigset_t before;
    sigprocmask(SIG_BLOCK, &wish.sa_mask, &before);
    if (wish.sa_flags & SA_SIGINFO) wish.sa_sigaction(number, info, context);
    else wish.sa_handler(number);
    real_sigmask(SIG_SETMASK, &before, NULL);
    return number != SIGABRT; /* after SIGABRT's handler has returned, abort ends the process */
}

/* A signal to the process goes to its first thread; it is meant for the callout that runs. False where none does. */
int pass_to_callout(int number, siginfo_t *info) {
    if (info->si_code > 0 && signal_class(number) != SIGNAL_ENDING) return 0;
    int32_t made = *header_word(SFFI_HEADER_LANES_MADE);
    for (int32_t i = 0; i < made && i < SFFI_LANE_COUNT; i++) {
        char *lane = domain + SFFI_HEADER_BYTES + (size_t)i * SFFI_LANE_STRIDE;
        if (*(volatile int32_t *)(lane + SFFI_LANE_LINE) != SFFI_STATE_REQUEST) continue;
        int32_t thread = *(volatile int32_t *)(lane + SFFI_LANE_CONTROL + SFFI_CONTROL_THREAD_ID);
        return syscall(SYS_rt_tgsigqueueinfo, executor_pid, thread, number, info) == 0;
    }
    return 0;
}
