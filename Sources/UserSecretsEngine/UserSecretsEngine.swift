package import EngineKit
import Logging

/// The engine that keeps the secrets of users: their own API keys, tokens, passwords and connection strings.
package struct UserSecretsEngine: SecretsEngine, CachingEngine, PeriodicEngine {
    let store: SecretStore
    let journal: UseJournal
    let deletion: OwnerDeletion
    let rotation: KeyRotation
    private let sweep = OwnerSweep()
    private let logger: Logger

    /// Creates the engine of one mount.
    package init(_ context: MountContext) {
        store = SecretStore(context)
        journal = UseJournal(context, indexes: store.indexes)
        deletion = OwnerDeletion(store: store)
        rotation = KeyRotation(store: store, logger: context.logger)
        logger = context.logger
    }

    package var paths: [EnginePath] {
        [
            owners, owner, secrets, secret, reveal, versions, restore, secretAccess, resolve, access, trash, trashedSecret,
            takeBack, bulk, tags,
            ownerKeys, rotate,
        ]
    }

    /// Forgets what another node changed.
    package func drop(_ change: StorageChange) {
        store.indexes.drop(change)
        switch change {
        case .everything: store.keys.forget()
        case .keys(let keys): if keys.contains(where: { $0 == KeyRing.rootName }) { store.keys.forget() }
        }
    }

    /// Stores what was counted, and deletes what is kept for a while only. Called once a second on the node that leads.
    package func runRound() async {
        await runFollowerRound()
        await attempt("deleting what owners had failed; it is retried within a second") { try await deletion.runRound() }
        await attempt("sealing users' secrets again failed; it is retried within a second") { try await rotation.runRound() }
        await attempt("tidying the trash and the access logs of users failed; it is retried within a minute") {
            try await sweep.runIfDue(on: store, at: store.time.now())
        }
    }

    /// Stores what this node counted. Called once a second on nodes that do not lead.
    package func runFollowerRound() async {
        await attempt("storing the use of users' secrets failed; it is retried within a minute") {
            try await journal.flushIfDue(at: store.time.now())
        }
    }

    /// Stores what this node counted.
    package func finish() async {
        await attempt("storing the use of users' secrets failed, so the last minute is missing in their counts") {
            try await journal.flush(at: store.time.now())
        }
    }

    private func attempt(_ message: String, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            logger.warning("\(message)", metadata: ["kind": "\(type(of: error))"])
        }
    }
}

extension UserSecretsEngine {
    /// The type of the engine.
    package static let description = EngineDescription(
        type: "user-secrets", summary: "Secrets that belong to users, each sealed with a key of its owner.", optionNames: []
    ) { UserSecretsEngine($0) }
}
