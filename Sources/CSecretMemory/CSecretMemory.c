#define _GNU_SOURCE
#include "CSecretMemory.h"
#include <string.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
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

int coffer_random(void *bytes, size_t count) {
    unsigned char *next = bytes;
    while (count > 0) {
        ssize_t given = getrandom(next, count, 0);
        if (given < 0 && errno == EINTR) {
            continue;
        }
        if (given <= 0) {
            return -1;
        }
        next += given;
        count -= (size_t)given;
    }
    return 0;
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
