/*
 * Libraries and symbols that the VM wants to find when the executor is ready: loaded in the order of the list, before the
 * first lane is parked. So that a restart needs no callouts to load again what was loaded before, and an executor that
 * was started ahead has its libraries. The list is text in the shared header: `L` and a path, `S` and a name to look up in
 * the library before it, each ended by a NUL; what was found is told in a table beside it, 0 for what was not.
 */
#include "executor.h"

#include <dlfcn.h>
#include <string.h>

void preload(void) {
    const char *at = domain + SFFI_PRELOAD_TEXT, *end = at + SFFI_PRELOAD_TEXT_BYTES;
    volatile uint64_t *found = (volatile uint64_t *)(domain + SFFI_PRELOAD_FOUND);
    void *library = NULL;
    for (size_t i = 0; i < SFFI_PRELOAD_LIMIT && at < end && *at != 0; i++) {
        char kind = *at++;
        size_t length = strnlen(at, (size_t)(end - at));
        if (at + length >= end) break;
        void *address = NULL;
        if (kind == 'L') address = library = dlopen(length == 0 ? NULL : at, RTLD_NOW);
        else if (library != NULL) address = dlsym(library, at);
        found[i] = (uint64_t)(uintptr_t)address;
        at += length + 1;
    }
    dlerror();
}
