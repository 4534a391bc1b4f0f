/*
 * The fault handler. It runs on an alternate stack, so that a stack overflow can be told too; it writes the fault
 * record, posts `fault` and then stays: stack and memory of the callout remain as they are until the VM writes
 * `abandon`, which sends the thread back to park. SA_NODEFER, because the next fault may come while this one stands on
 * another thread or after this one was abandoned.
 *
 * Not ours to handle, and left to the default action: a thread without a lane, a process forked off by C code, a
 * signal sent from outside while no callout runs, a fault inside the handler.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "futex.h"

enum { ALTERNATE_STACK_BYTES = 128 * 1024, RESOLUTION_LOOKS = 2000, FIRST_SLEEP_NS = 2000000 };

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

int set_alternate_stack(struct lane *lane) {
    char *stack = mmap(NULL, ALTERNATE_STACK_BYTES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) return -1;
    if (mprotect(stack, 4096, PROT_NONE) != 0) return -1;
    lane->alternate_stack = stack + 4096;
    stack_t alternate = {.ss_sp = lane->alternate_stack, .ss_size = ALTERNATE_STACK_BYTES};
    return sigaltstack(&alternate, NULL);
}

/* Posts the fault and waits until the VM has chosen. */
void stop_here(struct lane *lane) {
    volatile int32_t *state = lane->line;
    __sync_synchronize();
    *state = SFFI_STATE_FAULT;
    __sync_synchronize();
    if (lane->line[SFFI_LINE_VM_SLEEPS / 4] != 0) futex_wake(state);
    for (int looks = 0; looks < RESOLUTION_LOOKS && *state == SFFI_STATE_FAULT; looks++) relax();
    while (*state == SFFI_STATE_FAULT) futex_wait(state, SFFI_STATE_FAULT, FIRST_SLEEP_NS);
    *state = SFFI_STATE_PARKED;
    __sync_synchronize();
    futex_wake(state);
}

static char *clear_record(struct lane *lane) {
    char *record = lane->base + SFFI_LANE_RECORD;
    memset(record, 0, 4096);
    return record;
}

/* A fault told by a function of ours that C called, such as _exit: there is no signal frame to return through. */
void fault_outside_signal(struct lane *lane, int32_t kind, int32_t status) {
    char *record = clear_record(lane);
    *record_word(record, SFFI_RECORD_KIND) = kind;
    *record_word(record, SFFI_RECORD_STATUS) = status;
    record_backtrace(lane, 0);
    stop_here(lane);
    park_again(lane);
}

static void die_of(int signal) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
}

static int in_park(uint64_t pc) {
    return pc >= (uint64_t)(uintptr_t)park_start && pc < (uint64_t)(uintptr_t)park_end;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    struct lane *lane = in_executor() ? current_lane : NULL;
    if (lane != NULL && lane->unwinding) leave_backtrace(lane);
    if (lane == NULL || *lane->line != SFFI_STATE_REQUEST) {
        die_of(signal);
        if (info->si_code <= 0) raise(signal);
        return;
    }
    int saved = errno;
    char *record = clear_record(lane);
    *record_word(record, SFFI_RECORD_KIND) = SFFI_KIND_SIGNAL;
    *record_word(record, SFFI_RECORD_SIGNAL) = signal;
    *record_word(record, SFFI_RECORD_CODE) = info->si_code;
    if (info->si_code <= 0) *record_word(record, SFFI_RECORD_SENDER_PID) = info->si_pid;
    record_registers(record, info, context);
    record_backtrace(lane, program_counter(context));
    stop_here(lane);
    errno = saved;
    resume_parked(context, lane);
}

/* The deadline signal may come too late, when the call has returned: then it is counted, and nothing else. */
static void on_deadline(int signal, siginfo_t *info, void *context) {
    struct lane *lane = in_executor() ? current_lane : NULL;
    if (lane == NULL) return;
    volatile int32_t *acks = (volatile int32_t *)(lane->base + SFFI_LANE_CONTROL + SFFI_CONTROL_DEADLINE_ACKS);
    if (*lane->line != SFFI_STATE_REQUEST || in_park(program_counter(context)) || lane->unwinding) {
        (*acks)++;
        return;
    }
    int saved = errno;
    char *record = clear_record(lane);
    *record_word(record, SFFI_RECORD_KIND) = SFFI_KIND_DEADLINE;
    *record_word(record, SFFI_RECORD_SIGNAL) = signal;
    record_registers(record, info, context);
    *record_long(record, SFFI_RECORD_ADDRESS) = 0;
    record_backtrace(lane, program_counter(context));
    (*acks)++;
    stop_here(lane);
    errno = saved;
    resume_parked(context, lane);
}

static void on_ignored(int signal) {
    (void)signal;
}

int install_handlers(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    action.sa_sigaction = on_fault;
    for (size_t i = 0; i < sizeof fault_signals / sizeof fault_signals[0]; i++)
        if (sigaction(fault_signals[i], &action, NULL) != 0) return -1;
    action.sa_sigaction = on_deadline;
    if (sigaction(SFFI_DEADLINE_SIGNAL, &action, NULL) != 0) return -1;
    /* A handler that does nothing instead of SIG_IGN: programs that C code starts get the default action back.
       SIGINT is the VM's to act on; a write to a closed pipe answers EPIPE, as it does in Node. */
    struct sigaction nothing = {.sa_handler = on_ignored, .sa_flags = SA_RESTART | SA_ONSTACK};
    if (sigaction(SIGINT, &nothing, NULL) != 0) return -1;
    return sigaction(SIGPIPE, &nothing, NULL);
}
