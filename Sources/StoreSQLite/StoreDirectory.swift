import Glibc
import Logging
import Syntax

/// The directory of a store. Only its owner can read its files, and only one process can use it at
/// a time.
///
/// Nothing here may open the database file once SQLite has it open: closing any descriptor of the
/// file drops SQLite's locks.
struct StoreDirectory: Sendable {
    static let databaseName = "coffer.db"
    private static let lockName = "coffer.lock"

    let path: String
    private let lock: FileLock

    var databasePath: String { "\(path)/\(Self.databaseName)" }
    var logPath: String { databasePath + "-wal" }

    /// The size of the database without its log, in bytes, or 0 if it is unknown.
    var databaseBytes: Int64 {
        var status = stat()
        return stat(databasePath, &status) == 0 ? Int64(status.st_size) : 0
    }

    /// Creates what is missing, restricts permissions that are too wide, and takes the lock.
    init(_ directory: String, logger: Logger) throws(SQLiteStorageError) {
        path = try Self.ensureDirectory(directory, logger: logger)
        lock = try FileLock(path: "\(path)/\(Self.lockName)", directory: path)
        // SQLite creates its other files with the permissions of the database.
        try Self.ensureFile(databasePath, logger: logger)
        for suffix in ["-wal", "-shm", "-journal"] { try Self.tightenExisting(databasePath + suffix, logger: logger) }
        Self.synchronize(path)
    }

    func unlock() { lock.unlock() }

    private static func ensureDirectory(_ directory: String, logger: Logger) throws(SQLiteStorageError) -> String {
        try makeDirectory(directory)
        guard let resolved = realpath(directory, nil) else { throw .cannotOpen(path: directory, reason: reason()) }
        defer { free(resolved) }
        let path = String(cString: resolved)
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .cannotOpen(path: path, reason: "not a directory")
        }
        guard status.st_mode & 0o077 != 0 else { return path }
        if status.st_uid == geteuid(), status.st_mode & S_ISVTX == 0, holdsOnlyOurFiles(path), chmod(path, 0o700) == 0 {
            logger.notice("made the storage directory private (mode 0700)", metadata: ["path": "\(path)"])
        } else {
            logger.warning(
                "others can enter the storage directory: give Coffer a separate directory with mode 0700",
                metadata: ["path": "\(path)", "mode": "\(String(status.st_mode & 0o7777, radix: 8))"])
        }
        return path
    }

    private static func makeDirectory(_ directory: String) throws(SQLiteStorageError) {
        var result = mkdir(directory, 0o700)
        if result != 0, errno == ENOENT, !directory.isEmpty, parent(of: directory) != directory {
            try makeDirectory(parent(of: directory))
            result = mkdir(directory, 0o700)
        }
        guard result == 0 else {
            guard errno == EEXIST else { throw .cannotOpen(path: directory, reason: reason()) }
            return
        }
        guard chmod(directory, 0o700) == 0 else { throw .notPrivate(path: directory, reason: reason()) }
        synchronize(parent(of: directory))
    }

    private static func parent(of path: String) -> String {
        var trimmed = path[...]
        while trimmed.utf8.count > 1, let shorter = trimmed.removingUTF8Suffix("/") { trimmed = shorter }
        guard let slash = trimmed.lastUTF8Index(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// Returns whether the directory holds nothing but files of a store. The permissions of a
    /// shared directory are left alone.
    private static func holdsOnlyOurFiles(_ path: String) -> Bool {
        guard let directory = opendir(path) else { return false }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name == "." || name == ".." || name == lockName || name.hasUTF8Prefix(databaseName) else { return false }
        }
        return true
    }

    private static func ensureFile(_ path: String, logger: Logger) throws(SQLiteStorageError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: reason()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .cannotOpen(path: path, reason: "not a regular file")
        }
        guard status.st_mode & 0o7777 != 0o600 else { return }
        guard fchmod(descriptor, 0o600) == 0 else { throw .notPrivate(path: path, reason: reason()) }
        if status.st_mode & 0o077 != 0 { warnOfTightening(path, status.st_mode, logger: logger) }
    }

    private static func tightenExisting(_ path: String, logger: Logger) throws(SQLiteStorageError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .cannotOpen(path: path, reason: "not a regular file") }
        guard status.st_mode & 0o077 != 0 else { return }
        guard chmod(path, 0o600) == 0 else { throw .notPrivate(path: path, reason: reason()) }
        warnOfTightening(path, status.st_mode, logger: logger)
    }

    private static func warnOfTightening(_ path: String, _ mode: mode_t, logger: Logger) {
        logger.warning(
            "others could open a storage file; its mode is now 0600",
            metadata: ["path": "\(path)", "mode": "\(String(mode & 0o7777, radix: 8))"])
    }

    /// Writes the directory to disk, so that a new name in it survives a power failure.
    private static func synchronize(_ directory: String) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    static func reason() -> String { String(cString: strerror(errno)) }
}
