// The path comes from pkg-config: Debian keeps libpq's headers in a folder of their own.
#include <libpq-fe.h>
#include <sys/syscall.h>
#include <unistd.h>

/// A file that is in memory only, closed on exec: libpq takes certificates as files. -1 on failure.
static inline int coffer_memory_file(const char *name) { return (int)syscall(SYS_memfd_create, name, 1u); }
