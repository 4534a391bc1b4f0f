/*
 * The fault handler. It runs on an alternate stack, so that a stack overflow can be told too; it writes the fault
 * record, posts `fault`, walks the stack while the VM makes an error of it, and then stays: stack and memory of the callout
 * remain as they are until the VM writes `abandon`, which sends the thread back to park. SA_NODEFER, because the next fault may come while this one stands on
 * another thread or after this one was abandoned.
 *
 * A handler that a library installed for such a signal is asked first (signals.c): it may know how to go on. A thread
 * that C code made has no lane and tells its fault in a foreign slot (foreign.c). Left to the default action are: a
 * process forked off by C code, a signal sent from outside while no callout runs, a fault inside the handler.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "futex.h"

enum { RESOLUTION_LOOKS = 2000, FIRST_SLEEP_NS = 2000000 };

/* glibc's: what malloc, assert and the stack protector print before they abort (stdlib/abort.c, GLIBC_PRIVATE). */
struct abort_message {
    unsigned int size;
    char text[];
};
static struct abort_message **abort_message;

/* The lowest page is a guard. Freed by drop_alternate_stack. */
void *make_alternate_stack(void) {
    char *stack = mmap(NULL, ALTERNATE_STACK_BYTES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) return NULL;
    stack_t alternate = {.ss_sp = stack + 4096, .ss_size = ALTERNATE_STACK_BYTES};
    if (mprotect(stack, 4096, PROT_NONE) == 0 && real_sigaltstack(&alternate, NULL) == 0) return stack;
    munmap(stack, ALTERNATE_STACK_BYTES + 4096);
    return NULL;
}

/* For a thread that has none: the one that `make_alternate_stack` gave to another before. */
int use_alternate_stack(void *stack) {
    stack_t alternate = {.ss_sp = (char *)stack + 4096, .ss_size = ALTERNATE_STACK_BYTES};
    return real_sigaltstack(&alternate, NULL);
}

void drop_alternate_stack(void *stack) {
    stack_t none = {.ss_flags = SS_DISABLE};
    real_sigaltstack(&none, NULL);
    munmap(stack, ALTERNATE_STACK_BYTES + 4096);
}

int set_alternate_stack(struct lane *lane) {
    lane->alternate_stack = make_alternate_stack();
    return lane->alternate_stack == NULL ? -1 : 0;
}

static void post_fault(struct lane *lane) {
    __sync_synchronize();
    *lane->line = SFFI_STATE_FAULT;
    __sync_synchronize();
    if (lane->line[SFFI_LINE_VM_SLEEPS / 4] != 0) ring_bell();
}

/* Waits until the VM has chosen. True when the callout is to go on: its state is `request` then. */
static int wait_for_choice(struct lane *lane) {
    volatile int32_t *state = lane->line;
    for (int looks = 0; looks < RESOLUTION_LOOKS && *state == SFFI_STATE_FAULT; looks++) relax();
    if (*state == SFFI_STATE_FAULT) {
        lane->line[SFFI_LINE_EXECUTOR_SLEEPS / 4] = 1;
        __sync_synchronize();
        while (*state == SFFI_STATE_FAULT) futex_wait(state, SFFI_STATE_FAULT, FIRST_SLEEP_NS);
        lane->line[SFFI_LINE_EXECUTOR_SLEEPS / 4] = 0;
    }
    if (*state == SFFI_STATE_REQUEST) return 1;
    *state = SFFI_STATE_PARKED;
    __sync_synchronize();
    if (lane->line[SFFI_LINE_VM_SLEEPS / 4] != 0) futex_wake(state);
    return 0;
}

/* Posts the fault of a signal, walks the stack beside the VM, and waits. */
static int stop_in_signal(struct lane *lane, char *record, void *context) {
    post_fault(lane);
    record_backtrace(record, program_counter(context));
    return wait_for_choice(lane);
}

/* Clears the record but for the frames, which their count bounds. */
void begin_record(char *record, int32_t kind) {
    memset(record, 0, SFFI_RECORD_FRAMES);
    *record_long(record, SFFI_RECORD_EXACT_FRAMES) = 0;
    *record_word(record, SFFI_RECORD_WALKED) = 0;
    *record_word(record, SFFI_RECORD_KIND) = kind;
    /* A lane's thread is known: only one that C made has to ask. */
    if (current_lane == NULL) *record_word(record, SFFI_RECORD_THREAD_ID) = (int32_t)syscall(SYS_gettid);
    else *record_word(record, SFFI_RECORD_THREAD_ID) = *record_word(current_lane->base, SFFI_LANE_CONTROL + SFFI_CONTROL_THREAD_ID);
}

static void record_text(char *record, const char *text, size_t limit) {
    size_t length = 0;
    for (; length < SFFI_RECORD_MESSAGE_LIMIT && length < limit && text[length] != 0; length++)
        record[SFFI_RECORD_MESSAGE + length] = text[length];
    *record_word(record, SFFI_RECORD_MESSAGE_BYTES) = (int32_t)length;
}

/* Copied and then made empty: an abort without a message must not find that of the one before. glibc unmaps it with the next. */
static void record_abort_message(char *record) {
    struct abort_message *message = abort_message == NULL ? NULL : *abort_message;
    if (message == NULL) return;
    record_text(record, message->text, message->size);
    message->text[0] = 0;
}

/* All of the record but the frames. */
static void record_signal(char *record, int signal, siginfo_t *info, void *context) {
    begin_record(record, SFFI_KIND_SIGNAL);
    *record_word(record, SFFI_RECORD_SIGNAL) = signal;
    *record_word(record, SFFI_RECORD_CODE) = info->si_code;
    if (info->si_code <= 0) *record_word(record, SFFI_RECORD_SENDER_PID) = info->si_pid;
    if (signal == SIGABRT) record_abort_message(record);
    record_registers(record, info, context);
}

/* Waits in the fault that `record` tells; then there is no signal frame to return through. */
__attribute__((noinline)) void stop_outside_signal(struct lane *lane, char *record) {
    record_backtrace(record, 0);
    if (lane == NULL) stop_foreign(record);
    post_fault(lane);
    wait_for_choice(lane);
    unblock_signals();
    park_again(lane);
}

static char *begin_outside_signal(struct lane *lane, int32_t kind) {
    char *record = lane == NULL ? claim_foreign_slot() : lane->base + SFFI_LANE_RECORD;
    begin_record(record, kind);
    return record;
}

/* A fault told by a function of ours that C called, such as _exit. */
void fault_outside_signal(struct lane *lane, int32_t kind, int32_t status) {
    char *record = begin_outside_signal(lane, kind);
    *record_word(record, SFFI_RECORD_STATUS) = status;
    stop_outside_signal(lane, record);
    __builtin_unreachable();
}

void fault_with_text(struct lane *lane, int32_t kind, const char *text) {
    char *record = begin_outside_signal(lane, kind);
    if (text != NULL) record_text(record, text, SFFI_RECORD_MESSAGE_LIMIT);
    stop_outside_signal(lane, record);
    __builtin_unreachable();
}

int callout_runs(void) {
    return current_lane != NULL && *current_lane->line == SFFI_STATE_REQUEST;
}

static void die_of(int signal, const siginfo_t *info) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    real_sigaction(signal, &action, NULL);
    if (info->si_code <= 0) raise(signal);
}

/* Looking for a request, or asleep over it: no C code runs yet. */
static int is_parked(const struct lane *lane, uint64_t pc) {
    if (calls_callouts(pc)) return 1;
    return lane->line[SFFI_LINE_EXECUTOR_SLEEPS / 4] != 0;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    if (!in_executor() || booting) {
        if (!ask_library(signal, info, context)) die_of(signal, info);
        return;
    }
    if (is_unwinding()) leave_backtrace();
    int saved = errno;
    if (ask_library(signal, info, context)) {
        errno = saved;
        return;
    }
    struct lane *lane = current_lane;
    if (lane == NULL) {
        char *record = claim_foreign_slot();
        record_signal(record, signal, info, context);
        record_backtrace(record, program_counter(context));
        stop_foreign(record);
    }
    if (*lane->line != SFFI_STATE_REQUEST) {
        if (!pass_to_callout(signal, info)) die_of(signal, info);
        errno = saved;
        return;
    }
    char *record = lane->base + SFFI_LANE_RECORD;
    record_signal(record, signal, info, context);
    int goes_on = stop_in_signal(lane, record, context);
    errno = saved;
    if (!goes_on) resume_parked(context, lane);
    else if (*record_word(record, SFFI_RECORD_LOAD) == 1) load_registers(record, context);
}

/* The deadline signal may come too late, when the call has returned: then it is counted, and nothing else. */
static void on_deadline(int signal, siginfo_t *info, void *context) {
    struct lane *lane = in_executor() ? current_lane : NULL;
    if (info->si_pid != *header_word(SFFI_HEADER_VM_PID)) ask_library(signal, info, context);
    if (lane == NULL || info->si_pid != *header_word(SFFI_HEADER_VM_PID)) return;
    volatile int32_t *acks = (volatile int32_t *)(lane->base + SFFI_LANE_CONTROL + SFFI_CONTROL_DEADLINE_ACKS);
    if (*lane->line != SFFI_STATE_REQUEST || is_parked(lane, program_counter(context)) || is_unwinding()) {
        (*acks)++;
        return;
    }
    int saved = errno;
    char *record = lane->base + SFFI_LANE_RECORD;
    begin_record(record, SFFI_KIND_DEADLINE);
    *record_word(record, SFFI_RECORD_SIGNAL) = signal;
    record_registers(record, info, context);
    *record_long(record, SFFI_RECORD_ADDRESS) = 0;
    (*acks)++;
    int goes_on = stop_in_signal(lane, record, context);
    errno = saved;
    if (!goes_on) resume_parked(context, lane);
    else if (*record_word(record, SFFI_RECORD_LOAD) == 1) load_registers(record, context);
}

static void on_ignored(int signal) {
    (void)signal;
}

int install_handlers(void) {
    abort_message = dlsym(RTLD_DEFAULT, "__abort_msg");
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    action.sa_sigaction = on_fault;
    for (int number = 1; number < NSIG; number++)
        if (signal_class(number) != SIGNAL_FREE && real_sigaction(number, &action, NULL) != 0) return -1;
    action.sa_sigaction = on_deadline;
    if (real_sigaction(SFFI_DEADLINE_SIGNAL, &action, NULL) != 0) return -1;
    /* A handler that does nothing instead of SIG_IGN: programs that C code starts get the default action back.
       SIGINT is the VM's to act on; a write to a closed pipe answers EPIPE, as it does in Node. */
    struct sigaction nothing = {.sa_handler = on_ignored, .sa_flags = SA_RESTART | SA_ONSTACK};
    if (real_sigaction(SIGINT, &nothing, NULL) != 0 || real_sigaction(SIGPIPE, &nothing, NULL) != 0) return -1;
    guard_signals(on_fault);
    return 0;
}
