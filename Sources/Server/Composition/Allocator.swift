import Glibc
import Syntax

/// What the runtime of Swift writes when the process dies of a signal: registers, and bytes of memory at every address
/// in them. In a server those bytes are keys and secrets, and standard error is kept by whoever collects logs.
enum CrashReport {
    /// Read when a program starts, and never again.
    static let variable = "SWIFT_BACKTRACE"

    /// Nil when there is nothing to add: whoever sets it by hand, to look into a crash, has what he asks for.
    static func silenced(_ given: String) -> String? {
        let isDecided = given.utf8.split(separator: UInt8(ascii: ",")).contains { $0.starts(with: "enable=".utf8) }
        return isDecided ? nil : given.isEmpty ? "enable=no" : "enable=no,\(given)"
    }
}

/// The settings of the C library's allocator, which it reads only when a program starts.
package enum Allocator {
    private static let variable = "GLIBC_TUNABLES"
    private static let settings = [("glibc.malloc.tcache_count", "120"), ("glibc.malloc.hugetlb", "1")]

    /// Starts this program again, as the same process, with more freed memory kept at each thread's hand and memory in
    /// large pages where the system allows them on demand; and without a report of the memory it dies with.
    ///
    /// A server answers many requests at once on each thread, and glibc keeps seven pieces of a size for each: the
    /// others go the long way. In small pages, what many requests touch is more than the processor remembers addresses
    /// of. Leaves what somebody has set already, and returns when it cannot be done.
    ///
    /// - Parameter arguments: The program's own, its name first.
    package static func restartWithTunedAllocator(arguments: [String]) {
        let wanted = [(variable, tuned), (CrashReport.variable, CrashReport.silenced)].compactMap { name, setting in
            let given = getenv(name).map { String(cString: $0) } ?? ""
            return setting(given).map { (name: name, given: given, new: $0) }
        }
        guard !wanted.isEmpty else { return }
        for change in wanted { setenv(change.name, change.new, 1) }
        var pointers = arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &pointers)
        for pointer in pointers { free(pointer) }
        for change in wanted {
            if change.given.isEmpty { unsetenv(change.name) } else { setenv(change.name, change.given, 1) }
        }
    }

    /// Nil when there is nothing to add.
    static func tuned(_ given: String) -> String? {
        let missing = settings.filter { !given.containsUTF8($0.0) }.map { "\($0.0)=\($0.1)" }
        guard !missing.isEmpty else { return nil }
        return ((given.isEmpty ? [] : [given]) + missing).joined(separator: ":")
    }
}
