internal import CoreFoundation  // Release builds find the members of `stat` there.
internal import Glibc

/// Atomic replacement of a file: a reader, also after a crash, sees either the old content or the new.
enum FileReplacement {
    /// Replaces or creates a file.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(CommandFailure) {
        let temporary = path + ".\(getpid()).tmp"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .local("Cannot write \(temporary): \(Input.reason(errno))") }
        // The umask may have removed bits from the mode that the file was created with.
        let isWritten = fchmod(descriptor, mode) == 0 && Console.writeAll(bytes, to: descriptor) == 0 && fsync(descriptor) == 0
        let reason = errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = Input.reason(isWritten ? errno : reason)
            unlink(temporary)
            throw .local("Cannot write \(path): \(reason)")
        }
    }

    /// Returns the mode of a regular file and its path with symbolic links resolved, or nil if there is no such file.
    static func existing(_ path: String) -> (path: String, mode: mode_t)? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return (String(cString: real), status.st_mode & 0o777)
    }
}
