/*
 * What the executor may use, and how it stands among other processes. Limits are the kernel's own, so that they also hold
 * for what C code starts: private memory, the size of files, open descriptors, processes of the user, processor time.
 * Where memory runs out on the machine all the same, the kernel ends the executor first and not the VM.
 *
 * A session of its own: `kill(0, …)` in C reaches no process of the VM's group, and no terminal stops or hangs up the executor.
 */
#include "executor.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static const int resources[SFFI_LIMIT_COUNT] = {
    [SFFI_LIMIT_MEMORY_BYTES] = RLIMIT_DATA, [SFFI_LIMIT_FILE_BYTES] = RLIMIT_FSIZE,
    [SFFI_LIMIT_OPEN_FILES] = RLIMIT_NOFILE, [SFFI_LIMIT_PROCESSES] = RLIMIT_NPROC,
    [SFFI_LIMIT_CPU_SECONDS] = RLIMIT_CPU,
};

/* A limit that is above the one that holds already leaves that in place. */
static int set_limit(int resource, uint64_t wanted) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return -1;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted) wanted = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = wanted;
    /* The signal of the first limit is a fault that can be told; a second later the kernel ends the process. */
    if (resource == RLIMIT_CPU) limit.rlim_max = wanted + 1;
    return setrlimit(resource, &limit);
}

int apply_limits(void) {
    set_limit(RLIMIT_CORE, 0);
    for (int i = 0; i < SFFI_LIMIT_COUNT; i++) {
        uint64_t wanted = *(volatile uint64_t *)(domain + SFFI_HEADER_LIMITS + 8 * (size_t)i);
        if (wanted != 0 && set_limit(resources[i], wanted) != 0) return -1;
    }
    return 0;
}

void stand_apart(void) {
    setsid();
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t written = write(file, "1000", 4);
    (void)written; /* a system without it has no such ending to be first in */
    close(file);
}
