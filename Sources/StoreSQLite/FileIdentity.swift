import Glibc

/// Which file stands under a name.
struct FileIdentity: Hashable, Sendable {
    let device: dev_t
    let number: ino_t

    /// Nil when there is none.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        number = status.st_ino
    }
}
