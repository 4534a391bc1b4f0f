/*
 * What the parts of the executor know of each other. The executor is the process in which C code runs: it maps the
 * memory shared with the VM and parks one thread for each lane on that lane's stack. It never decides anything: the VM
 * writes frames, the threads run them, and a fault stops the thread where it is until the VM has chosen.
 */
#ifndef SAFEFFI_EXECUTOR_H
#define SAFEFFI_EXECUTOR_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include "lane-offsets.h"
#include "protocol.h"
#include "revive.h"

/* The first five are read by park-<arch>.S, at the offsets of lane-offsets.h. */
struct lane {
    volatile int32_t *line; /* the frame line of the innermost activation: state first */
    char *record;           /* the callback record that it nests in; NULL for a callout that nests in none */
    int *errno_address;     /* the thread's errno */
    int32_t spin;           /* how often to look before sleeping */
    int32_t running;        /* C code of the innermost activation runs: a callback belongs to it */
    char *base;             /* start of the lane in the shared memory */
    void *alternate_stack;
    struct lane *former;    /* foreign lanes: what the thread had before */
    int32_t lends_stack;
    int32_t index;
    struct identity identity;
};

/* The lane of the current thread; NULL for threads that C code made itself. */
extern __thread struct lane *current_lane __attribute__((tls_model("local-exec")));

/* main.c */
extern char *domain;
extern int32_t executor_pid;
extern int32_t vm_pid;
extern int32_t booting; /* until the lanes are ready: nobody waits for a fault yet */
volatile int32_t *header_word(size_t offset);
/* True in the executor itself, false in a process that C code forked off: there, our handlers must do nothing. */
int in_executor(void);

/* lanes.c */
int start_keeper(void);
int guard_lane(char *base);
/* Tells the VM to look: it may sleep on the bell, whatever it waits for. */
void ring_bell(void);
void run_lane(int32_t index) __attribute__((noreturn));
/* Parks the current thread as lane `index`, which was set up before a fork. */
void resume_lane(int32_t index) __attribute__((noreturn));
/* In a standby that takes over: makes the lanes beyond the first again, tells their threads; makes the keeper again. */
void revive_lanes(void);
void revive_keeper(void);
/* Whether the keeper may hold locks of the C library, which a fork would keep held. */
int keeper_is_busy(void);
const struct identity *lane_identity(int32_t index);
void advise_alternate_stack(int32_t index, int advice);

/* limits.c */
int apply_limits(void);
void stand_apart(void);

/* confine.c */
void confine(void);

/* preload.c */
void preload(void);

/* checkpoint.c */
int checkpoint(void);

/* park-<arch>.S: waits for a request on the line, calls, posts the result, for ever. */
void park(struct lane *lane) __attribute__((noreturn));
/* Where an abandoned callout goes on: park's loop or the callback that it nests in; takes the lane in r15 (x86-64). */
extern const char park_abandoned[], park_start[], park_end[];
/* The code addresses of callbacks. */
extern const char callback_thunks[];

/* callbacks.c */
void tell_thunks(void);
/* Keeps the descriptor of the bell's pipe where C code does not look; answers where. */
int keep_bell(int descriptor);
/* Tells the VM's event loop to look. */
void ring_loop(void);
/*
 * A lane for a thread that has none, or whose own is not running C code (a signal handler): waits until one is free, makes
 * it the thread's current lane, with an alternate signal stack of its own. NULL where its guard pages cannot be made.
 * `foreign_posted` tells the VM that the lane's line has news.
 */
struct lane *claim_foreign_lane(void);
void release_foreign_lane(struct lane *lane);
/* The same for a thread that still stands on the lane's stack and is about to jump away: it is free when it claims again. */
void leave_foreign_lane(struct lane *lane);
void foreign_posted(void);

/* batch-<arch>.S: runs the frames from `first` to `end`; called by park only. */
void batch(char *first, char *end, size_t stride, size_t stack_bytes, uint64_t *progress);
extern const char batch_start[], batch_end[];

/* Whether code is that of park or batch, which call C's functions: below them is no frame of a callout. */
static inline int calls_callouts(uint64_t pc) {
    return (pc >= (uint64_t)(uintptr_t)park_start && pc < (uint64_t)(uintptr_t)park_end) ||
           (pc >= (uint64_t)(uintptr_t)batch_start && pc < (uint64_t)(uintptr_t)batch_end);
}

/* faults.c */
enum { ALTERNATE_STACK_BYTES = 128 * 1024 };
int install_handlers(void);
int callout_runs(void);
void *make_alternate_stack(void);
int use_alternate_stack(void *stack);
void drop_alternate_stack(void *stack);
int set_alternate_stack(struct lane *lane);
void begin_record(char *record, int32_t kind);
/* `lane` is NULL on a thread that C code made. */
void fault_outside_signal(struct lane *lane, int32_t kind, int32_t status) __attribute__((noreturn));
void fault_with_text(struct lane *lane, int32_t kind, const char *text) __attribute__((noreturn));
void stop_outside_signal(struct lane *lane, char *record) __attribute__((noreturn));

/* signals.c */
enum signal_class {
    SIGNAL_FREE,   /* the library's own business */
    SIGNAL_FAULT,  /* our handler always comes first */
    SIGNAL_ENDING, /* its default action ends the process: ours unless the library handles it */
};
enum signal_class signal_class(int number);
void guard_signals(void (*handler)(int, siginfo_t *, void *));
int real_sigaction(int number, const struct sigaction *wanted, struct sigaction *old);
int real_sigaltstack(const stack_t *wanted, stack_t *old);
void unblock_signals(void);
int ask_library(int number, siginfo_t *info, void *context);
int pass_to_callout(int number, siginfo_t *info);

/* foreign.c: threads that C code made. */
extern __thread int makes_own_threads; /* set on a thread whose pthread_create is the executor's own */
char *claim_foreign_slot(void);
void stop_foreign(char *record) __attribute__((noreturn));

/* exits.c */
int watch_exits(void);
void exit_was_called(int status, void *unused);

/* backtrace.c */
void record_backtrace(char *record, uint64_t first);
int is_unwinding(void); /* a fault meanwhile ends the backtrace, not the callout */
void leave_backtrace(void) __attribute__((noreturn));

/* registers-<arch>.c; both leave by park_abandoned. */
void record_registers(char *record, const siginfo_t *info, void *context);
uint64_t program_counter(void *context);
uint64_t registers_digest(void *context);
/* The registers of a record into the interrupted code, which goes on with them. */
void load_registers(char *record, void *context);
void resume_parked(void *context, struct lane *lane);
void park_again(struct lane *lane) __attribute__((noreturn));

/* Tells the core that a loop only looks. */
static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline volatile int32_t *record_word(char *record, size_t offset) {
    return (volatile int32_t *)(record + offset);
}

static inline volatile uint64_t *record_long(char *record, size_t offset) {
    return (volatile uint64_t *)(record + offset);
}

#endif
