/*
 * What a fault record holds of an x86-64 machine, and how a stopped thread is sent back to park. The order of the
 * registers is registerNamesX64 in safeffi/protocol/layout.ts. Error code and trap number come from the kernel's
 * exception frame: trap 14 is a page fault, whose error code tells write (bit 1) and execute (bit 4).
 */
#define _GNU_SOURCE
#include "executor.h"

#include <ucontext.h>

static const int order[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                            REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL};

void record_registers(char *record, const siginfo_t *info, void *context) {
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    int count = sizeof order / sizeof order[0];
    for (int i = 0; i < count; i++)
        *record_long(record, SFFI_RECORD_REGISTERS + 8 * (size_t)i) = (uint64_t)registers[order[i]];
    *record_word(record, SFFI_RECORD_REGISTER_COUNT) = count;
    *record_long(record, SFFI_RECORD_ADDRESS) = (uint64_t)(uintptr_t)info->si_addr;
    *record_long(record, SFFI_RECORD_ERROR_CODE) = (uint64_t)registers[REG_ERR];
    *record_long(record, SFFI_RECORD_TRAP) = (uint64_t)registers[REG_TRAPNO];
}

void load_registers(char *record, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    int count = sizeof order / sizeof order[0];
    for (int i = 0; i < count; i++)
        registers[order[i]] = (greg_t)*record_long(record, SFFI_RECORD_REGISTERS + 8 * (size_t)i);
}

uint64_t program_counter(void *context) {
    return (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}

uint64_t registers_digest(void *context) {
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t digest = 14695981039346656037u; /* FNV-1a, by words */
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        digest = (digest ^ (uint64_t)registers[order[i]]) * 1099511628211u;
    return digest;
}

void resume_parked(void *context, struct lane *lane) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    registers[REG_R15] = (greg_t)(uintptr_t)lane;
    registers[REG_RSP] = (greg_t)(uintptr_t)((char *)lane->line - SFFI_NESTED_BELOW_LINE);
    registers[REG_RIP] = (greg_t)(uintptr_t)park_abandoned;
    sigemptyset(&((ucontext_t *)context)->uc_sigmask); /* what the callout blocked goes with it */
}

void park_again(struct lane *lane) {
    __asm__ volatile("mov %0, %%r15\n\tmov %1, %%rsp\n\tjmp park_abandoned"
                     :
                     : "D"(lane), "S"((char *)lane->line - SFFI_NESTED_BELOW_LINE)
                     : "memory");
    __builtin_unreachable();
}
