import Glibc
import Logging

/// Files that hold secrets and that others may read: told at the start, with the command that closes them.
enum FilePrivacy {
    static func warn(_ path: String, holds what: String, _ logger: Logger) {
        guard let mode = openMode(path) else { return }
        logger.warning(
            "others on this machine can read \(what): run `chmod o-rwx` on the file",
            metadata: ["path": "\(path)", "mode": "\(String(mode, radix: 8))"])
    }

    /// The permissions of a file that everybody may read or write; nil for one that is closed, or not there.
    static func openMode(_ path: String) -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o006 != 0 else { return nil }
        return status.st_mode & 0o7777
    }
}
