#define _GNU_SOURCE
#include "CSecretMemory.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void coffer_zero(void *bytes, size_t count) {
    explicit_bzero(bytes, count);
}

int coffer_compare(const void *left, const void *right, size_t count) {
    const volatile unsigned char *a = left;
    const volatile unsigned char *b = right;
    unsigned char difference = 0;
    for (size_t i = 0; i < count; i++) {
        difference |= a[i] ^ b[i];
    }
    return difference;
}

int coffer_harden_process(void) {
    struct rlimit none = {0, 0};
    int limited = setrlimit(RLIMIT_CORE, &none);
    int undumpable = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return limited == 0 && undumpable == 0 ? 0 : -1;
}

int coffer_lock_memory(void) {
    return mlockall(MCL_CURRENT | MCL_FUTURE);
}
