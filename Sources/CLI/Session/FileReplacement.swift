#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Replaces a file in one step, so that a reader sees the old text or the new one, and a crash leaves one of them.
enum FileReplacement {
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(CommandFailure) {
        let temporary = path + ".\(getpid()).tmp"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .local("Cannot write \(temporary): \(Input.reason(errno))") }
        // The mode again: what the file is created with depends on the umask.
        let isWritten = fchmod(descriptor, mode) == 0 && writeAll(bytes, to: descriptor) && fsync(descriptor) == 0
        let reason = errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = Input.reason(isWritten ? errno : reason)
            unlink(temporary)
            throw .local("Cannot write \(path): \(reason)")
        }
    }

    /// The mode of a file that is there, and its path behind symbolic links.
    static func existing(_ path: String) -> (path: String, mode: mode_t)? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return (String(cString: real), status.st_mode & 0o777)
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
