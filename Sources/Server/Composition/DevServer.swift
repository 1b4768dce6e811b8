import Barrier
import Core
import Foundation
import HTTPShell
import SecretMemory
import Syntax

/// Dev mode: initializes and unseals the server at start, and prints everything that is needed to
/// use it.
struct DevServer {
    let configuration: ServerConfiguration
    let dev: ServerConfiguration.Dev

    /// Initializes the store if it is new, and unseals it.
    ///
    /// - Returns: The lines to print.
    func prepare(_ core: Core) async throws -> [String] {
        let isNew = try await !core.seal.isInitialized
        let key = isNew ? try await initialize(core) : try storedKey()
        try await core.unseal(share: key.unsealKey)
        let savedTo = dev.storeToken?(key.rootToken)
        let address = configuration.listeners.first.map { "http://\($0.address)" } ?? "http://127.0.0.1:8200"
        var lines = [
            "==> Coffer is running in development mode: \(configuration.storage == .memory ? "everything is kept in memory and lost when it stops" : "its unseal key is stored beside its data").",
            "    Do not use it in production.", "", "    $ export COFFER_ADDR='\(address)'", "",
            "    Unseal Key: \(key.unsealKey)", "    Root Token: \(key.rootToken)", "",
        ]
        if let savedTo { lines += ["    The root token was saved as this user's login in \(savedTo).", ""] }
        return lines + [
            "    Try:", "    $ coffer login \(key.rootToken)", "    $ coffer kv put secret/hello name=world",
            "    $ coffer kv get secret/hello", "",
        ]
    }

    private struct Key {
        var unsealKey: String
        var rootToken: String
    }

    private func initialize(_ core: Core) async throws -> Key {
        let made = try await core.initialize(
            shares: try ShareCount(shares: 1, threshold: 1), rootToken: dev.rootToken,
            mounts: [.secret(version: dev.usesKVVersion1 ? 1 : 2)])
        let share = made.unsealShares.first?.withBytes { Base64.encode($0) } ?? ""
        let key = Key(unsealKey: share, rootToken: made.rootToken)
        if let file = keyFile { try store(key, in: file) }
        return key
    }

    /// The file with the unseal key and the root token, in the data directory, or nil if everything is in memory.
    private var keyFile: String? {
        guard case .sqlite(let directory)? = configuration.storage else { return nil }
        return directory + "/dev-keys"
    }

    private func store(_ key: Key, in file: String) throws {
        let content = Data("\(key.unsealKey)\n\(key.rootToken)\n".utf8)
        guard
            FileManager.default.createFile(
                atPath: file, contents: content, attributes: [.posixPermissions: 0o600])
        else { throw ConfigurationError("cannot write the file dev-keys in the data directory") }
    }

    private func storedKey() throws -> Key {
        guard let file = keyFile, let data = FileManager.default.contents(atPath: file) else {
            throw ConfigurationError("this store was not created by a dev server; start it with -config")
        }
        let lines = String(decoding: data, as: UTF8.self).splitUTF8(at: "\n").map(String.init)
        guard lines.count == 2 else {
            throw ConfigurationError("the file dev-keys in the data directory is damaged; delete the data, or restore the file")
        }
        return Key(unsealKey: lines[0], rootToken: lines[1])
    }
}
