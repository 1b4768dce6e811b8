package import EngineKit

/// The engine that keeps the secrets of users: their own API keys, tokens, passwords and connection strings.
package struct UserSecretsEngine: SecretsEngine, CachingEngine {
    let store: SecretStore

    /// Creates the engine of one mount.
    package init(_ context: MountContext) { store = SecretStore(context) }

    package var paths: [EnginePath] { [secrets, secret, reveal, tags, ownerKeys] }

    /// Forgets what another node changed.
    package func drop(_ change: StorageChange) {
        store.indexes.drop(change)
        switch change {
        case .everything: store.keys.forget()
        case .keys(let keys): if keys.contains(where: { $0 == KeyRing.rootName }) { store.keys.forget() }
        }
    }
}

extension UserSecretsEngine {
    /// The type of the engine.
    package static let description = EngineDescription(
        type: "user-secrets", summary: "Secrets that belong to users, each sealed with a key of its owner.", optionNames: []
    ) { UserSecretsEngine($0) }
}
