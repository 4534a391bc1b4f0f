/*
 * What a fault record holds of an AArch64 machine, and how a stopped thread is sent back to park. The order of the
 * registers is registerNamesArm64 in safeffi/protocol/layout.ts. Access and kind of a memory fault are told in the form
 * that the VM reads, that of an x86-64 page fault: trap 14, error code 2 for a write, 16 for an execution. They come from
 * the kernel's exception syndrome (ESR_EL1, Arm ARM D17.2.37) where the signal frame has it; an emulator may leave it out,
 * then the instruction that stopped tells whether it stores.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <asm/sigcontext.h>
#include <ucontext.h>

enum { PAGE_FAULT_TRAP = 14, WRITE = 2, EXECUTE = 16, UNKNOWN = -1 };
enum { CLASS_SHIFT = 26, FETCH_FAULT = 0x20, FETCH_FAULT_SAME = 0x21, DATA_FAULT = 0x24, DATA_FAULT_SAME = 0x25 };

/* The syndrome, or 0. The reserved part of the context is a list of records, each with its magic and size. */
static uint64_t syndrome(const mcontext_t *machine) {
    const char *at = (const char *)machine->__reserved;
    const char *end = at + sizeof machine->__reserved;
    while (at + sizeof(struct _aarch64_ctx) <= end) {
        const struct _aarch64_ctx *head = (const struct _aarch64_ctx *)at;
        if (head->magic == ESR_MAGIC) return ((const struct esr_context *)at)->esr;
        if (head->magic == 0 || head->size < sizeof *head) return 0;
        at += head->size;
    }
    return 0;
}

/* Whether an A64 instruction of the group of loads and stores writes memory (Arm ARM C4.1.4 and on). */
static int stores(uint32_t code) {
    if ((code & 0x0a000000) != 0x08000000) return 0;                   /* not a load or store */
    if ((code & 0x3b000000) == 0x18000000) return 0;                   /* load from a literal address */
    if ((code & 0x3a000000) == 0x38000000) {                           /* a single register */
        if ((code & 0x04c00000) == 0x04800000) return (code >> 30) == 0; /* str of a whole vector register */
        return (code & 0x00c00000) == 0;
    }
    return (code & 0x00400000) == 0; /* pairs, exclusives, vectors: bit 22 is the load's */
}

static int access_code(const siginfo_t *info, const mcontext_t *machine) {
    uint64_t esr = syndrome(machine);
    switch (esr >> CLASS_SHIFT & 0x3f) {
    case FETCH_FAULT:
    case FETCH_FAULT_SAME:
        return EXECUTE;
    case DATA_FAULT:
    case DATA_FAULT_SAME:
        return (esr & 0x40) != 0 ? WRITE : 0;
    }
    if (esr != 0 || info->si_code <= 0 || (info->si_signo != SIGSEGV && info->si_signo != SIGBUS)) return UNKNOWN;
    if ((uint64_t)(uintptr_t)info->si_addr == machine->pc) return EXECUTE;
    return stores(*(const uint32_t *)(uintptr_t)machine->pc) ? WRITE : 0;
}

void record_registers(char *record, const siginfo_t *info, void *context) {
    const mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    size_t at = SFFI_RECORD_REGISTERS;
    for (int i = 0; i < 31; i++, at += 8) *record_long(record, at) = machine->regs[i];
    *record_long(record, at) = machine->sp;
    *record_long(record, at + 8) = machine->pc;
    *record_long(record, at + 16) = machine->pstate;
    *record_word(record, SFFI_RECORD_REGISTER_COUNT) = 34;
    *record_long(record, SFFI_RECORD_ADDRESS) = (uint64_t)(uintptr_t)info->si_addr;
    int access = access_code(info, machine);
    if (access == UNKNOWN) return;
    *record_long(record, SFFI_RECORD_ERROR_CODE) = (uint64_t)access;
    *record_long(record, SFFI_RECORD_TRAP) = PAGE_FAULT_TRAP;
}

void load_registers(char *record, void *context) {
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    size_t at = SFFI_RECORD_REGISTERS;
    for (int i = 0; i < 31; i++, at += 8) machine->regs[i] = *record_long(record, at);
    machine->sp = *record_long(record, at);
    machine->pc = *record_long(record, at + 8);
    machine->pstate = *record_long(record, at + 16);
}

uint64_t program_counter(void *context) {
    return ((ucontext_t *)context)->uc_mcontext.pc;
}

uint64_t registers_digest(void *context) {
    const mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    uint64_t digest = 14695981039346656037u; /* FNV-1a, by words */
    for (int i = 0; i < 31; i++) digest = (digest ^ machine->regs[i]) * 1099511628211u;
    digest = (digest ^ machine->sp) * 1099511628211u;
    digest = (digest ^ machine->pc) * 1099511628211u;
    return (digest ^ machine->pstate) * 1099511628211u;
}

void resume_parked(void *context, struct lane *lane) {
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    machine->regs[23] = (uint64_t)(uintptr_t)lane;
    machine->sp = (uint64_t)(uintptr_t)((char *)lane->line - SFFI_NESTED_BELOW_LINE);
    machine->pc = (uint64_t)(uintptr_t)park_abandoned;
    machine->pstate &= ~0xc00UL; /* no branch target is expected there (PSTATE.BTYPE) */
    sigemptyset(&((ucontext_t *)context)->uc_sigmask); /* what the callout blocked goes with it */
}

void park_again(struct lane *lane) {
    __asm__ volatile("mov x23, %0\n\tmov sp, %1\n\tb park_abandoned"
                     :
                     : "r"(lane), "r"((char *)lane->line - SFFI_NESTED_BELOW_LINE)
                     : "x23", "memory");
    __builtin_unreachable();
}
