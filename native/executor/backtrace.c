/*
 * The C backtrace, taken in the fault handler by the compiler's own unwinder (_Unwind_Backtrace), which steps through
 * the signal frame. A broken stack may make the unwinder itself fault: then the handler comes back here (`is_unwinding`) and the frames found so far stand. Only addresses are recorded; names are found by the VM.
 * park is the outermost frame and is left out, as are the frames of the handler itself.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <setjmp.h>
#include <unwind.h>

struct walk {
    char *record;
    uint64_t first; /* the faulting instruction; frames before it belong to the handler */
    int32_t count;
    int started;
};

static __thread sigjmp_buf escape;
static __thread volatile int unwinding;

/* The functions that lie between the unwinder and the function of ours that C called, such as _exit. */
static int in_machinery(uint64_t pc) {
    const uintptr_t starts[] = {(uintptr_t)record_backtrace, (uintptr_t)stop_outside_signal,
                                (uintptr_t)fault_outside_signal, (uintptr_t)fault_with_text,
                                (uintptr_t)exit_was_called};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (_Unwind_FindEnclosingFunction((void *)(uintptr_t)pc) == (void *)starts[i]) return 1;
    return 0;
}

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *state) {
    struct walk *walk = state;
    int is_exact = 0; /* the instruction itself: a signal came there */
    uint64_t pc = (uint64_t)_Unwind_GetIPInfo(context, &is_exact);
    if (!walk->started && (walk->first != 0 ? pc != walk->first : in_machinery(pc))) return _URC_NO_REASON;
    walk->started = 1;
    if (calls_callouts(pc)) {
        *record_word(walk->record, SFFI_RECORD_COMPLETE) = 1;
        return _URC_NORMAL_STOP;
    }
    if (pc == 0 || walk->count >= SFFI_RECORD_FRAME_LIMIT) return _URC_NORMAL_STOP;
    *record_long(walk->record, SFFI_RECORD_FRAMES + 8 * (size_t)walk->count) = pc;
    *record_long(walk->record, SFFI_RECORD_STARTS + 8 * (size_t)walk->count) = (uint64_t)_Unwind_GetRegionStart(context);
    if (is_exact || (walk->count == 0 && walk->first != 0)) *record_long(walk->record, SFFI_RECORD_EXACT_FRAMES) |= 1UL << walk->count;
    walk->count++;
    *record_word(walk->record, SFFI_RECORD_FRAME_COUNT) = walk->count;
    return _URC_NO_REASON;
}

/* `first` is the program counter of the interrupted code, or 0 to begin with the caller. */
void record_backtrace(char *record, uint64_t first) {
    struct walk walk = {record, first, 0, 0};
    if (sigsetjmp(escape, 0) == 0) { /* our handlers block nothing, so that there is no mask to bring back */
        unwinding = 1;
        _Unwind_Backtrace(on_frame, &walk);
    }
    unwinding = 0;
    __atomic_store_n(record_word(record, SFFI_RECORD_WALKED), 1, __ATOMIC_RELEASE);
}

int is_unwinding(void) {
    return unwinding;
}

void leave_backtrace(void) {
    siglongjmp(escape, 1);
}
