import Glibc
import Synchronization
import Syntax

/// An exclusive `flock(2)` on a lock file. The kernel releases it when the process ends, even if it
/// is killed.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// Takes the lock.
    ///
    /// - Throws: ``SQLiteStorageError/alreadyInUse(path:processID:)`` if another process has it.
    init(path: String, directory: String) throws(SQLiteStorageError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .cannotOpen(path: path, reason: StoreDirectory.reason()) }
        guard fchmod(file, 0o600) == 0, flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let reason = StoreDirectory.reason()
            defer { close(file) }
            throw isHeld
                ? .alreadyInUse(path: directory, processID: Self.holder(file)) : .cannotOpen(path: path, reason: reason)
        }
        descriptor = Mutex(file)
        // Only for the error message of the next process: the lock does not depend on it.
        let processID = Array("\(getpid())\n".utf8)
        ftruncate(file, 0)
        _ = pwrite(file, processID, processID.count, 0)
    }

    deinit { unlock() }

    func unlock() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    private static func holder(_ file: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(file, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(count, 0)).prefix { $0.isASCIIDigit }
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }
}
