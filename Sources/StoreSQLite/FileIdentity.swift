import Glibc

/// The identity of the file that a path leads to: its device and inode.
struct FileIdentity: Hashable, Sendable {
    let device: dev_t
    let number: ino_t

    /// Returns nil if there is no such file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        number = status.st_ino
    }
}
