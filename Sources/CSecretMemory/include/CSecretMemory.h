#ifndef COFFER_CSECRETMEMORY_H
#define COFFER_CSECRETMEMORY_H
#include <stddef.h>

/// Overwrites memory in a way the optimiser may not remove.
void coffer_zero(void *bytes, size_t count);

/// 0 when equal; looks at every byte whatever the first difference is.
int coffer_compare(const void *left, const void *right, size_t count);

/// Fills memory from the system's generator. 0, or -1 when the system gives no randomness.
int coffer_random(void *bytes, size_t count);

/// Forbids core dumps and inspection by other processes of the same user. 0 when both were set.
int coffer_harden_process(void);

/// Keeps the whole process out of swap. 0 when it worked.
int coffer_lock_memory(void);

#endif
