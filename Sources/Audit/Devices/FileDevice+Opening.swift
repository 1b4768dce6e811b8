import Glibc
import Syntax

extension FileDevice {
    /// `O_PATH`, which the C library declares only for GNU sources. Opened with it, a directory must be searchable but need not
    /// be readable.
    private static let pathOnly: Int32 = 0o10000000

    /// Opens the file by walking down from an allowed directory, without following symbolic links.
    func openFile() throws(AuditDeviceError) -> Int32 {
        let (root, names) = try place()
        var directory = Glibc.open(root, Self.pathOnly | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("open directory of", errno) }
        defer { _ = Glibc.close(directory) }
        for name in names.dropLast() {
            let next = openat(directory, name, Self.pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { throw failure("open directory of", errno) }
            _ = Glibc.close(directory)
            directory = next
        }
        let flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let file = openat(directory, names[names.count - 1], flags, mode_t(mode & 0o600))
        guard file >= 0 else {
            throw errno == ELOOP ? refusal("is a symbolic link") : failure("open", errno)
        }
        return file
    }

    /// Returns the allowed directory and the names below it. Symbolic links in the allowed directory's own path are followed.
    private func place() throws(AuditDeviceError) -> (root: String, names: [String]) {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count < 4_096, !path.utf8.contains(0) else {
            throw refusal("must be an absolute path")
        }
        let names = path.splitUTF8(at: "/", omittingEmpty: false).dropFirst().map(String.init)
        guard names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw refusal("must be a path without empty, '.' or '..' segments")
        }
        for allowed in allowedDirectories {
            let parts = allowed.splitUTF8(at: "/").map(String.init)
            guard allowed.hasUTF8Prefix("/"), names.count > parts.count, names.starts(with: parts) else { continue }
            return ("/" + parts.joined(separator: "/"), Array(names.dropFirst(parts.count)))
        }
        throw refusal("is not below a directory that audit_dirs allows; add its directory to audit_dirs, or name another file")
    }

    /// Throws if the file has lines.
    func checkEmpty(_ file: Int32) throws(AuditDeviceError) {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("stat", errno) }
        guard status.st_size == 0 else {
            throw refusal(
                "holds lines already, and a new audit device cannot continue them; move the file away, or name another file")
        }
    }

    /// Makes sure that the file is a regular file of this user, and locks it against other writers.
    func claim(_ file: Int32) throws(AuditDeviceError) {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("stat", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw refusal("is not a regular file") }
        // Under its other name the file might belong to another program, or be the server's own database.
        guard status.st_nlink <= 1 else { throw refusal("has more than one name (hard link)") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else { throw refusal("belongs to another user") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { throw refusal("is being written by another device or server") }
        if status.st_mode & 0o7777 != mode_t(mode), fchmod(file, mode_t(mode)) != 0 { throw failure("chmod", errno) }
    }
}
