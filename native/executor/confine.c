/*
 * What keeps C code from other processes, the VM above all: it ends with them otherwise by a `kill` with the wrong number.
 * Set before any library is loaded; it cannot be taken back, and holds for threads, for what C forks or executes, and for
 * the process that a rollback goes back to. Nothing here is asked on the way of a callout.
 *
 * - Landlock (Linux 6.12): signals and ptrace, and with it /proc/<pid>/mem and fd, process_vm_writev, pidfd_getfd, reach only
 *   processes that this one made. Between 5.19 and 6.11 it knows ptrace and no signals.
 * - A seccomp filter (30 to 40 ns for each system call) for what Landlock does not know: limits, scheduling and, where it has no signals, signals. A filter
 *   compares numbers: those of the VM's threads at this time, so that a thread of the VM that is made later can be hit by
 *   who guesses its number; and it refuses the few calls that name a process in another way. It answers EPERM and never
 *   traps: a program that C starts has no handler.
 *
 * Documentation/userspace-api/landlock.rst and seccomp_filter.rst of the kernel.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of newer kernels than the headers may be. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif
enum { LANDLOCK_VERSION = 1, LANDLOCK_PATH_BENEATH = 1, ABI_WITH_REFER = 2, ABI_WITH_SIGNALS = 6 };
static const uint64_t LANDLOCK_REFER = 1ULL << 13, LANDLOCK_SIGNALS = 1ULL << 1;
struct landlock_ruleset { uint64_t files, network, scopes; };
struct landlock_path { uint64_t allowed; int32_t directory; } __attribute__((packed));

#if defined(__x86_64__)
static const uint32_t NATIVE = AUDIT_ARCH_X86_64;
#else
static const uint32_t NATIVE = AUDIT_ARCH_AARCH64;
#endif

enum { X32_BIT = 0x40000000, MOST_TARGETS = 240, MOST_CODE = 1024, MOST_JUMPS = 64, SETOWN_OF_IOCTL = 0x8901, SETPGRP_OF_IOCTL = 0x8902 };
enum { POISON = 100, SOFT_OFFLINE = 101 };

/* What a call names by its argument `place`, or that all its calls are refused. */
enum check { NAMES_PROCESS, NAMES_PROCESS_OR_GROUP, UNKNOWN, SETS_OWNER, SETS_OWNER_BY_IOCTL, POISONS };
/* `i386` is the call's number for 32-bit programs, -1 where it has none. */
struct row { int number, i386; enum check check; int place; int only_without_landlock; };
static const struct row rows[] = {
    {SYS_tgkill, 270, NAMES_PROCESS, 0, 0},
    {SYS_kill, 37, NAMES_PROCESS_OR_GROUP, 0, 0},
    {SYS_tkill, 238, NAMES_PROCESS, 0, 0},
    {SYS_rt_sigqueueinfo, 178, NAMES_PROCESS, 0, 0},
    {SYS_rt_tgsigqueueinfo, 335, NAMES_PROCESS, 0, 0},
    {SYS_prlimit64, 340, NAMES_PROCESS, 0, 0},
    {SYS_setpriority, 97, NAMES_PROCESS, 1, 0},
    {SYS_sched_setaffinity, 241, NAMES_PROCESS, 0, 0},
    {SYS_sched_setscheduler, 156, NAMES_PROCESS, 0, 0},
    {SYS_sched_setparam, 154, NAMES_PROCESS, 0, 0},
    {SYS_ptrace, 26, NAMES_PROCESS, 1, 0},
    {SYS_process_vm_readv, 347, NAMES_PROCESS, 0, 0},
    {SYS_process_vm_writev, 348, NAMES_PROCESS, 0, 0},
#ifdef SYS_sched_setattr
    {SYS_sched_setattr, 351, NAMES_PROCESS, 0, 0},
#endif
    {434 /* pidfd_open */, 434, NAMES_PROCESS, 0, 0},
    /* A process as a descriptor: which, a filter cannot see. To C it looks as if the kernel were older. */
    {424 /* pidfd_send_signal */, 424, UNKNOWN, 0, 1},
    {438 /* pidfd_getfd */, 438, UNKNOWN, 0, 1},
    {SYS_fcntl, 55, SETS_OWNER, 2, 1},
    {-1, 221 /* fcntl64 */, SETS_OWNER, 2, 1},
    {SYS_ioctl, 54, SETS_OWNER_BY_IOCTL, 0, 1},
    {SYS_madvise, 219, POISONS, 2, 0},
};

static struct sock_filter code[MOST_CODE];
static unsigned int length;
/* The VM's threads, its own number among them. */
static int32_t targets[MOST_TARGETS];
static unsigned int target_count;
/* Jumps to the one place that compares a loaded argument with the targets; it stands at the end. */
static unsigned int to_targets[MOST_JUMPS];
static unsigned int jump_count;

static unsigned int emit(uint16_t operation, uint32_t operand, unsigned int if_true, unsigned int if_false) {
    if (length < MOST_CODE) code[length] = (struct sock_filter){operation, (uint8_t)if_true, (uint8_t)if_false, operand};
    return length++;
}

static void load(size_t offset) {
    emit(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The low half, as the kernel takes it: numbers of processes are ints. Both architectures are little-endian. */
static void load_argument(int place) {
    load(offsetof(struct seccomp_data, args) + 8 * (size_t)place);
}

static void answer(uint32_t what) {
    emit(BPF_RET | BPF_K, what, 0, 0);
}

static void refuse_value(uint32_t value, int error) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(SECCOMP_RET_ERRNO | (uint32_t)error);
}

static void go_to_targets(void) {
    unsigned int jump = emit(BPF_JMP | BPF_JA, 0, 0, 0);
    if (jump_count < MOST_JUMPS) to_targets[jump_count++] = jump;
}

static void refuse_groups(int has_landlock) {
    pid_t group = getpgid(vm_pid); /* 0: one outside of this PID namespace, which no number here names */
    if (group > 0) refuse_value((uint32_t)-group, EPERM);
    if (!has_landlock) refuse_value((uint32_t)-1, EPERM); /* all processes */
}

static void check_call(const struct row *row, int has_landlock) {
    switch (row->check) {
    case NAMES_PROCESS_OR_GROUP:
        load_argument(row->place);
        refuse_groups(has_landlock);
        go_to_targets();
        return;
    case NAMES_PROCESS:
        load_argument(row->place);
        go_to_targets();
        return;
    case SETS_OWNER:
        load_argument(1);
        refuse_value(F_SETOWN_EX, EPERM); /* the number is in memory, which may change */
        emit(BPF_JMP | BPF_JEQ | BPF_K, F_SETOWN, 1, 0);
        answer(SECCOMP_RET_ALLOW);
        load_argument(row->place);
        refuse_groups(has_landlock);
        go_to_targets();
        return;
    case UNKNOWN:
        answer(SECCOMP_RET_ERRNO | ENOSYS);
        return;
    case SETS_OWNER_BY_IOCTL:
        load_argument(1);
        refuse_value(SETOWN_OF_IOCTL, EPERM);
        refuse_value(SETPGRP_OF_IOCTL, EPERM);
        break;
    case POISONS: /* a page that the machine is told to be broken ends whoever maps it */
        load_argument(row->place);
        refuse_value(POISON, EPERM);
        refuse_value(SOFT_OFFLINE, EPERM);
        break;
    }
    answer(SECCOMP_RET_ALLOW);
}

static void check_calls(int is_native, int has_landlock) {
    load(offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    if (is_native) {
        emit(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
        answer(SECCOMP_RET_ERRNO | ENOSYS);
    }
#endif
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        int number = is_native ? row->number : row->i386;
        if (number < 0 || (row->only_without_landlock && has_landlock)) continue;
        if (row->check == POISONS && geteuid() != 0) continue;
        unsigned int jump = emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 0);
        check_call(row, has_landlock);
        code[jump].jf = (uint8_t)(length - jump - 1);
    }
    answer(SECCOMP_RET_ALLOW);
}

static void find_targets(void) {
    targets[target_count++] = vm_pid;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)vm_pid);
    DIR *folder = opendir(path);
    if (folder == NULL) return;
    for (struct dirent *entry; target_count < MOST_TARGETS && (entry = readdir(folder)) != NULL;) {
        int32_t thread = (int32_t)atoi(entry->d_name);
        if (thread > 0 && thread != vm_pid) targets[target_count++] = thread;
    }
    closedir(folder);
}

/* Root may without; else programs that C starts gain no rights by a set-user-id bit any more. */
static int with_privileges_given_up(long (*set)(const void *), const void *argument) {
    if (set(argument) == 0) return 0;
    if (errno != EACCES && errno != EPERM) return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return set(argument) == 0 ? 0 : -1;
}

static long set_filter(const void *program) {
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, program);
}

static int filter_calls(int has_landlock) {
    find_targets();
    load(offsetof(struct seccomp_data, arch));
    emit(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
    unsigned int jump = emit(BPF_JMP | BPF_JA, 0, 0, 0);
    check_calls(1, has_landlock);
    code[jump].k = length - jump - 1;
#if defined(__x86_64__)
    emit(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 1, 0);
    answer(SECCOMP_RET_ALLOW);
    check_calls(0, has_landlock);
#else
    answer(SECCOMP_RET_ALLOW);
#endif
    for (unsigned int i = 0; i < jump_count; i++) code[to_targets[i]].k = length - to_targets[i] - 1;
    for (unsigned int i = 0; i < target_count; i++) refuse_value((uint32_t)targets[i], EPERM);
    answer(SECCOMP_RET_ALLOW);
    if (length > MOST_CODE) return -1;
    struct sock_fprog program = {.len = (unsigned short)length, .filter = code};
    return with_privileges_given_up(set_filter, &program);
}

static long set_ruleset(const void *ruleset) {
    return syscall(SYS_landlock_restrict_self, *(const int *)ruleset, 0);
}

/* A ruleset must handle something. Where it knows no signals: the renaming of files, which is then allowed everywhere. */
static int32_t landlock(int32_t wish) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
    if (version < ABI_WITH_REFER) return 0;
    int has_signals = version >= ABI_WITH_SIGNALS && wish != SFFI_CONFINE_TRACING;
    struct landlock_ruleset wanted = {.scopes = has_signals ? LANDLOCK_SIGNALS : 0, .files = has_signals ? 0 : LANDLOCK_REFER};
    size_t bytes = has_signals ? sizeof wanted : sizeof wanted.files;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &wanted, bytes, 0);
    if (ruleset < 0) return 0;
    int failed = 0;
    if (!has_signals) {
        struct landlock_path root = {LANDLOCK_REFER, open("/", O_PATH | O_CLOEXEC)};
        failed = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &root, 0) != 0;
        close(root.directory);
    }
    failed = failed || with_privileges_given_up(set_ruleset, &ruleset) != 0;
    close(ruleset);
    if (failed) return 0;
    return has_signals ? SFFI_CONFINED_SIGNALS | SFFI_CONFINED_TRACING : SFFI_CONFINED_TRACING;
}

void confine(void) {
    int32_t wish = *header_word(SFFI_HEADER_CONFINE), got = 0;
    if (wish == SFFI_CONFINE_NO) return;
    if (wish != SFFI_CONFINE_FILTER) got = landlock(wish);
    if (filter_calls((got & SFFI_CONFINED_SIGNALS) != 0) == 0) got |= SFFI_CONFINED_FILTER;
    *header_word(SFFI_HEADER_CONFINED) = got;
}
