import Glibc
import Syntax

/// The report that Swift's runtime writes to standard error when the process crashes: registers,
/// and the memory around every address in them. In a server that memory holds keys and secrets, and
/// standard error is usually stored with the logs.
enum CrashReport {
    /// The variable that configures the report. The runtime reads it only at start.
    static let variable = "SWIFT_BACKTRACE"

    /// Returns the value that turns the report off, or nil if the variable already says whether it
    /// is on.
    ///
    /// - Parameter given: The present value of the variable.
    static func silenced(_ given: String) -> String? {
        let isDecided = given.utf8.split(separator: UInt8(ascii: ",")).contains { $0.starts(with: "enable=".utf8) }
        guard !isDecided else { return nil }
        return given.isEmpty ? "enable=no" : "enable=no,\(given)"
    }
}

/// The settings of glibc's allocator, which reads them only when a program starts.
package enum Allocator {
    private static let variable = "GLIBC_TUNABLES"
    private static let settings = [("glibc.malloc.tcache_count", "120"), ("glibc.malloc.hugetlb", "1")]

    /// Executes this program again, in the same process, with a tuned allocator and without crash
    /// reports.
    ///
    /// glibc then keeps 120 instead of 7 freed pieces of each size per thread, because a thread of
    /// a server handles many requests at a time, and uses huge pages where the system offers them,
    /// which saves misses of the address cache. Settings that are present in the environment are
    /// kept. Returns if nothing has to change, or if the program cannot be executed.
    /// `docs/decisions/0057-the-server-restarts-itself-with-a-tuned-allocator.md` has the
    /// measurements.
    ///
    /// - Parameter arguments: The arguments of this program, beginning with its name.
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

    /// Returns the value with the missing settings added, or nil if none is missing.
    static func tuned(_ given: String) -> String? {
        let missing = settings.filter { !given.containsUTF8($0.0) }.map { "\($0.0)=\($0.1)" }
        guard !missing.isEmpty else { return nil }
        return ((given.isEmpty ? [] : [given]) + missing).joined(separator: ":")
    }
}
