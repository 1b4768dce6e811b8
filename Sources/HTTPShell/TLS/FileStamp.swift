import Glibc

/// The properties of a file that change when it is written or replaced, or when its permissions change.
struct FileStamp: Sendable, Hashable {
    private let inode: UInt64
    private let size: Int
    /// When the content, and when the properties were changed last: seconds and nanoseconds.
    private let times: [Int]

    /// Reads the properties of a file, or of the one that a symbolic link leads to. Returns nil if there is none.
    init?(_ path: String) {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        inode = UInt64(found.st_ino)
        size = Int(found.st_size)
        times = [found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ctim.tv_sec, found.st_ctim.tv_nsec]
    }
}
