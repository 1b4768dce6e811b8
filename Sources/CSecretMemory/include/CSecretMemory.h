#ifndef COFFER_CSECRETMEMORY_H
#define COFFER_CSECRETMEMORY_H
#include <stddef.h>

/// Overwrites memory in a way that the compiler does not optimize away.
void coffer_zero(void *bytes, size_t count);

/// Returns 0 if the bytes are equal. It reads all of them wherever the first difference is.
int coffer_compare(const void *left, const void *right, size_t count);

/// Fills memory with random bytes of the system. Returns 0, or -1 if the system has no randomness.
int coffer_random(void *bytes, size_t count);

/// Forbids core dumps and inspection by other processes of the same user. Returns 0 if both worked.
int coffer_harden_process(void);

/// Keeps the whole process out of swap. Returns 0 if it worked.
int coffer_lock_memory(void);

#endif
