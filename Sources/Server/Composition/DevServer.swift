import Barrier
import Core
import Foundation
import HTTPShell
import SecretMemory
import Syntax

/// Dev mode: initialised and unsealed at start, with everything printed that is needed to use it.
struct DevServer {
    private let configuration: ServerConfiguration
    private let dev: ServerConfiguration.Dev

    init(_ configuration: ServerConfiguration, _ dev: ServerConfiguration.Dev) {
        self.configuration = configuration
        self.dev = dev
    }

    /// Lines for the user.
    func prepare(_ core: Core) async throws -> [String] {
        let isNew = try await !core.seal.isInitialized
        let key = isNew ? try await initialize(core) : try storedKey()
        try await core.unseal(share: key.unsealKey)
        dev.storeToken?(key.rootToken)
        let address = configuration.listeners.first.map { "http://\($0.address)" } ?? "http://127.0.0.1:8200"
        return [
            "==> Coffer is running in development mode: \(configuration.storage == .memory ? "everything is in memory and gone when it stops" : "unsealed by a key that lies beside its data").",
            "    Do not use it for anything real.", "", "    $ export COFFER_ADDR='\(address)'", "",
            "    Unseal Key: \(key.unsealKey)", "    Root Token: \(key.rootToken)", "", "    Try:",
            "    $ coffer login \(key.rootToken)", "    $ coffer kv put secret/hello name=world",
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

    /// Beside the data, because a development server unseals itself.
    private var keyFile: String? {
        guard case .sqlite(let directory)? = configuration.storage else { return nil }
        return directory + "/dev-keys"
    }

    private func store(_ key: Key, in file: String) throws {
        let content = Data("\(key.unsealKey)\n\(key.rootToken)\n".utf8)
        guard
            FileManager.default.createFile(
                atPath: file, contents: content, attributes: [.posixPermissions: 0o600])
        else { throw ConfigurationError("the file dev-keys cannot be written beside the data") }
    }

    private func storedKey() throws -> Key {
        guard let file = keyFile, let data = FileManager.default.contents(atPath: file) else {
            throw ConfigurationError("this store was not made by a development server: start it with -config")
        }
        let lines = String(decoding: data, as: UTF8.self).splitUTF8(at: "\n").map(String.init)
        guard lines.count == 2 else { throw ConfigurationError("the file dev-keys beside the data is damaged") }
        return Key(unsealKey: lines[0], rootToken: lines[1])
    }
}
