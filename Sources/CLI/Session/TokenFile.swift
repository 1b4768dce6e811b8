/// The file in which `coffer login` saves the token: `~/.coffer-token`, which only its owner can read.
///
/// If it does not exist, Vault's `~/.vault-token` is read.
struct TokenFile {
    let home: String

    init?(environment: [String: String]) {
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        self.home = home
    }

    var path: String { home + "/.coffer-token" }

    func read() -> String? { [path, home + "/.vault-token"].lazy.compactMap(Self.token).first }

    func store(_ token: String) throws(CommandFailure) { try FileReplacement.replace(path, with: Array(token.utf8), mode: 0o600) }

    private static func token(at path: String) -> String? {
        guard let bytes = try? Input.standard().file(path), bytes.count <= 65_536 else { return nil }
        let text = ArgumentText.trimmed(String(decoding: bytes, as: UTF8.self))
        return text.isEmpty ? nil : text
    }
}
