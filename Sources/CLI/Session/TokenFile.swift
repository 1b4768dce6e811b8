#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The token that `coffer login` keeps: `~/.coffer-token`, readable by its owner only. Vault's `~/.vault-token` is read too.
struct TokenFile {
    let home: String

    init?(environment: [String: String]) {
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        self.home = home
    }

    var path: String { home + "/.coffer-token" }

    func read() -> String? { [path, home + "/.vault-token"].lazy.compactMap(Self.token).first }

    /// Replaces the file in one step, so that a reader sees the old token or the new one.
    func store(_ token: String) throws(CommandFailure) {
        let temporary = path + ".\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .local("Cannot write \(temporary): \(Input.reason(errno))") }
        let bytes = Array(token.utf8)
        // The mode again: the file's own does not hang on the umask then.
        let isWritten =
            fchmod(descriptor, 0o600) == 0 && write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = Input.reason(errno)
            unlink(temporary)
            throw .local("Cannot write \(path): \(reason)")
        }
    }

    func remove() { unlink(path) }

    private static func token(at path: String) -> String? {
        guard let bytes = try? Input.standard().file(path), bytes.count <= 65_536 else { return nil }
        let text = ArgumentText.trimmed(String(decoding: bytes, as: UTF8.self))
        return text.isEmpty ? nil : text
    }
}
