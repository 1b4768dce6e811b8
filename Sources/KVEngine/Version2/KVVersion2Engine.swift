package import EngineKit

/// An engine for secrets with versions, metadata and check-and-set, whose versions can be deleted and undeleted.
package struct KVVersion2Engine: SecretsEngine {
    let secrets: VersionedSecrets
    private let gate: UpgradeGate

    /// - Parameter upgradeSecondsMax: How long a request waits while secrets of version 1 are moved.
    package init(_ context: MountContext, upgradeSecondsMax: Int = 10) {
        secrets = VersionedSecrets(storage: context.storage, time: context.time)
        gate = UpgradeGate(secrets, secondsMax: upgradeSecondsMax)
        gate.begin()
    }

    /// The paths of the engine, whose handlers wait for an upgrade.
    package var paths: [EnginePath] {
        [settings, data, delete, undelete, destroy, metadata, detailedMetadata, subkeys].map { path in
            path.preceded { [gate] in try await gate.pass() }
        }
    }
}

extension KVVersion2Engine: PathExplainingEngine {
    /// Returns an explanation for a path of version 1, which older clients use. Its beginning is the one that clients of
    /// Vault recognize.
    package func explanation(of relativePath: Substring, _ operation: Operation) -> String? {
        let command: String
        switch operation {
        case .create, .update: command = "put"
        case .read: command = "get"
        case .list: command = "list"
        case .patch: command = "patch"
        case .delete: command = "delete"
        case .help: return nil
        }
        return """
            Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using \
            the CLI, use 'coffer kv \(command)' for this operation.
            """
    }
}

extension KVVersion2Engine {
    var time: any TimeSource { secrets.time }

    /// Whether the secret exists, so that a write is an update.
    var exists: @Sendable (Request) async throws -> Bool {
        { [secrets] request in
            let path = request.captures["path"]
            return path.isEmpty ? false : try await secrets.exists(path)
        }
    }
}

extension Request {
    /// The path of a secret below its route.
    var secretPath: String {
        get throws(CofferError) {
            let path = captures["path"]
            guard !path.isEmpty else { throw .invalid("missing path: name a secret below the mount") }
            return path
        }
    }

    /// The caller, as `created_by` shows it.
    var author: String {
        guard let caller else { return "" }
        return caller.displayName.isEmpty ? caller.entityID : caller.displayName
    }
}
