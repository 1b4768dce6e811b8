import Glibc
import Logging

/// Warns at start about files with secrets that everybody on the machine can read.
enum FilePrivacy {
    static func warn(_ path: String, holds what: String, _ logger: Logger) {
        guard let mode = openMode(path) else { return }
        logger.warning(
            "others on this machine can read \(what): run `chmod o-rwx` on the file",
            metadata: ["path": "\(path)", "mode": "\(String(mode, radix: 8))"])
    }

    /// Returns the permissions of a file that everybody may read or write, or nil if the file is
    /// protected or does not exist.
    static func openMode(_ path: String) -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o006 != 0 else { return nil }
        return status.st_mode & 0o7777
    }
}
