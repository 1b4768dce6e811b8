// The path comes from pkg-config. Swift imports no macros with casts and no variadic functions, so they are called here.
#include <ldap.h>
#include <openldap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/// A file that is in memory only, closed on exec: libldap takes certificates as files. -1 on failure.
static inline int coffer_ldap_file(const char *name) { return (int)syscall(SYS_memfd_create, name, 1u); }

static inline int coffer_ldap_set_int(LDAP *session, int option, int value) { return ldap_set_option(session, option, &value); }

static inline int coffer_ldap_set_off(LDAP *session, int option) { return ldap_set_option(session, option, LDAP_OPT_OFF); }

static inline int coffer_ldap_set_seconds(LDAP *session, int option, int seconds) {
    struct timeval time = {seconds, 0};
    return ldap_set_option(session, option, &time);
}

/// Bounds the bytes of one message of the server.
static inline int coffer_ldap_bound_messages(LDAP *session, ber_len_t bytes) {
    Sockbuf *buffer = NULL;
    if (ldap_get_option(session, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS || buffer == NULL) return -1;
    return ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &bytes) == 1 ? 0 : -1;
}
