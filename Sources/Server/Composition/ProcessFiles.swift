import Glibc
import Synchronization

/// A file with the process number, which exists while the server runs.
struct PIDFile: Sendable {
    private let path: String

    init(_ path: String) throws(ConfigurationError) {
        self.path = path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ConfigurationError("the pid_file cannot be written") }
        defer { Glibc.close(descriptor) }
        let text = Array("\(getpid())\n".utf8)
        guard write(descriptor, text, text.count) == text.count else { throw ConfigurationError("the pid_file cannot be written") }
    }

    func remove() { unlink(path) }
}

/// The limit on open files. Each connection is one.
enum OpenFiles {
    /// Raises the limit to what the system allows this process, at most 2^20.
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = min(limit.rlim_max, 1 << 20)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// Finds the last of several events.
final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    /// Returns true for the last of the counted calls, and false for those before it.
    func countDown() -> Bool { left.subtract(1, ordering: .relaxed).newValue == 0 }
}
