import Glibc
import Synchronization

/// Holds the number of this process while it serves.
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

enum OpenFiles {
    /// A connection is a file: allows as many as the system lets this process have.
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = min(limit.rlim_max, 1 << 20)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    /// True once, at the last.
    func countDown() -> Bool { left.subtract(1, ordering: .relaxed).newValue == 0 }
}
