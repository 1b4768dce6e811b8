import Glibc
import Syntax

/// The settings of the C library's allocator, which it reads only when a program starts.
package enum Allocator {
    private static let variable = "GLIBC_TUNABLES"
    private static let settings = [("glibc.malloc.tcache_count", "120"), ("glibc.malloc.hugetlb", "1")]

    /// Starts this program again, as the same process, with more freed memory kept at each thread's hand and memory in
    /// large pages where the system allows them on demand.
    ///
    /// A server answers many requests at once on each thread, and glibc keeps seven pieces of a size for each: the
    /// others go the long way. In small pages, what many requests touch is more than the processor remembers addresses
    /// of. Leaves what somebody has set already, and returns when it cannot be done.
    package static func keepMoreAtHand() {
        let given = getenv(variable).map { String(cString: $0) } ?? ""
        guard let tuned = tuned(given) else { return }
        setenv(variable, tuned, 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
        if given.isEmpty { unsetenv(variable) } else { setenv(variable, given, 1) }
    }

    /// Nil when there is nothing to add.
    static func tuned(_ given: String) -> String? {
        let missing = settings.filter { !given.containsUTF8($0.0) }.map { "\($0.0)=\($0.1)" }
        guard !missing.isEmpty else { return nil }
        return ((given.isEmpty ? [] : [given]) + missing).joined(separator: ":")
    }
}
