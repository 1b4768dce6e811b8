import Glibc

/// The settings of the C library's allocator, which it reads only when a program starts.
package enum Allocator {
    private static let variable = "GLIBC_TUNABLES"
    private static let setting = "glibc.malloc.tcache_count"

    /// Starts this program again, as the same process, with more freed memory kept at each thread's hand.
    ///
    /// A server answers many requests at once on each thread, and glibc keeps seven pieces of a size for each: the
    /// others go the long way. Does nothing when somebody has set this already, and returns when it cannot be done.
    package static func keepMoreAtHand() {
        let given = getenv(variable).map { String(cString: $0) } ?? ""
        guard let tuned = tuned(given) else { return }
        setenv(variable, tuned, 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        if given.isEmpty { unsetenv(variable) } else { setenv(variable, given, 1) }
    }

    /// Nil when there is nothing to add.
    static func tuned(_ given: String) -> String? {
        guard !given.contains(setting) else { return nil }
        return (given.isEmpty ? "" : given + ":") + "\(setting)=120"
    }
}
