/*
 * The executor's start: `executor FD FD FD`, the shared memory of the lanes, that of buffers, the bell's pipe. It ties its life to
 * the VM's, maps both memories at their fixed places, drops every descriptor but 0 to 2 and the pipe, keeps C code from other processes, installs the handlers, tells the addresses of the
 * first functions, loads the libraries that it is told and becomes lane 0. The environment was chosen by the VM. A step that fails is told in the boot words.
 */
#define _GNU_SOURCE
#include "executor.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "futex.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

char *domain;
int32_t executor_pid;
int32_t vm_pid;
int32_t booting = 1;

volatile int32_t *header_word(size_t offset) {
    return (volatile int32_t *)(domain + offset);
}

int in_executor(void) {
    return (int32_t)syscall(SYS_getpid) == executor_pid;
}

static void fail(int32_t step) {
    *header_word(SFFI_HEADER_BOOT_ERRNO) = errno;
    *header_word(SFFI_HEADER_BOOT_STATE) = step;
    futex_wake(header_word(SFFI_HEADER_BOOT_STATE));
    _exit(1);
}

static void reset_signals(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A descriptor of 0 to 2 that is closed would be given to the next file that C opens, and be printed into. */
static void settle_descriptors(int bell) {
    int fd;
    do fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    int kept = keep_bell(bell);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3, kept - 1, 0) == 0 && syscall(SYS_close_range, kept + 1, ~0U, 0) == 0) return;
#endif
    struct rlimit limit;
    long last = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 20 ? (long)limit.rlim_cur : 1 << 20;
    for (long number = 3; number < last; number++)
        if (number != kept) close((int)number);
}

static void tell_entries(void) {
    void *const addresses[SFFI_ENTRY_COUNT] = {
        [SFFI_ENTRY_DLOPEN] = (void *)dlopen, [SFFI_ENTRY_DLSYM] = (void *)dlsym,   [SFFI_ENTRY_DLERROR] = (void *)dlerror,
        [SFFI_ENTRY_CALLOC] = (void *)calloc, [SFFI_ENTRY_FREE] = (void *)free,     [SFFI_ENTRY_MMAP] = (void *)mmap,
        [SFFI_ENTRY_MUNMAP] = (void *)munmap, [SFFI_ENTRY_EXIT] = (void *)_exit,
        [SFFI_ENTRY_CHECKPOINT] = (void *)checkpoint, [SFFI_ENTRY_BATCH] = (void *)batch,
        [SFFI_ENTRY_MPROTECT] = (void *)mprotect,
    };
    for (size_t i = 0; i < SFFI_ENTRY_COUNT; i++)
        *(volatile uint64_t *)(domain + SFFI_HEADER_ENTRIES + 8 * i) = (uint64_t)(uintptr_t)addresses[i];
}

int main(int argc, char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc != 4) {
        fputs("executor: started by safeffi with the descriptors of its shared memory, of no use otherwise\n", stderr);
        return 2;
    }
    reset_signals();
    int fd = atoi(argv[1]);
    domain = mmap((void *)SFFI_DOMAIN_BASE, SFFI_DOMAIN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
                  fd, 0);
    if (domain != (char *)SFFI_DOMAIN_BASE) {
        if (domain == MAP_FAILED) return 3;
        return 4;
    }
    void *arena = mmap((void *)SFFI_ARENA_BASE, SFFI_ARENA_BYTES, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, atoi(argv[2]), 0);
    if (arena != (void *)SFFI_ARENA_BASE) return 4;
    settle_descriptors(atoi(argv[3]));
    stand_apart();
    executor_pid = (int32_t)getpid();
    vm_pid = *header_word(SFFI_HEADER_VM_PID);
    if (getppid() != vm_pid) fail(SFFI_BOOT_PARENT);
    if (*header_word(SFFI_HEADER_MAGIC) != SFFI_MAGIC || *header_word(SFFI_HEADER_VERSION) != SFFI_VERSION)
        fail(SFFI_BOOT_MAP);
    /* A process that C code forks must not write into the lanes of this one. */
    madvise(domain, SFFI_DOMAIN_BYTES, MADV_DONTFORK);
    if (apply_limits() != 0) fail(SFFI_BOOT_LIMITS);
    confine();
    setvbuf(stdout, NULL, _IONBF, 0);
    if (install_handlers() != 0 || watch_exits() != 0) fail(SFFI_BOOT_SIGNALS);
    tell_entries();
    preload();
    booting = 0;
    if (start_keeper() != 0) fail(SFFI_BOOT_KEEPER);
    run_lane(0);
}
