package import Barrier
import EngineKit
import Lifetimes
package import SecretMemory
import Synchronization

/// The secrets of a new server, returned once: nothing in the store can produce them again.
package struct Initialization: Sendable {
    /// The shares of the unseal key; empty for a seal that unseals automatically.
    package var unsealShares: [SecretBytes]
    /// The shares of the recovery key; empty for a Shamir seal.
    package var recoveryShares: [SecretBytes]
    /// The first root token.
    package var rootToken: String
}

extension Core {
    /// Creates the keys, the root token, the first policies and the first mounts in one commit. Unseals the server if the seal does
    /// so automatically.
    ///
    /// - Parameters:
    ///   - shares: How the unseal key is split; nil for a seal that unseals automatically.
    ///   - recoveryShares: How the recovery key is split; nil for a Shamir seal.
    ///   - rootToken: The text of the root token; nil for a random one. Development servers set it.
    ///   - mounts: The first mounts, in addition to ``CoreSettings/defaultMounts``.
    package func initialize(
        shares: ShareCount?, recoveryShares: ShareCount? = nil, rootToken: String? = nil, mounts: [InitialMount] = []
    ) async throws -> Initialization {
        let made = Mutex<String?>(nil)
        let keys = try await seal.initialize(secret: shares, recovery: recoveryShares) { [self] barrier in
            var batch = Batch()
            var tokenBatch = Batch()
            let root = try tokenStore(barrier).prepare(
                named: rootToken, displayName: "root", policies: ["root"], path: "auth/token/root", into: &tokenBatch)
            made.withLock { $0 = root.token }
            for mutation in tokenBatch.prefixed(Self.tokenPrefix).mutations { batch.append(mutation) }
            PolicyStore.seed(into: &batch)
            batch.put(MountTable.key, MountTable.encode((mounts + settings.defaultMounts).map { entry($0) }))
            batch.put(Self.clusterKey, Array(environment.randomness.uuid().utf8))
            return batch
        }
        guard let token = made.withLock({ $0 }) else { throw CofferError(.internal, "initialization created no root token") }
        nodeStatus.noteInitialized(needsShares: !keys.unsealShares.isEmpty)
        if keys.unsealShares.isEmpty { try await open() }
        return Initialization(unsealShares: keys.unsealShares, recoveryShares: keys.recoveryShares, rootToken: token)
    }

    static let clusterKey = "sys/cluster"

    /// Mounts those of the engines at whose paths nothing is mounted.
    func addMissing(_ wanted: [InitialMount], to mounts: MountTable) async throws {
        let isMissing = { (mount: InitialMount) in mounts.entry(at: mount.path) == nil }
        guard wanted.contains(where: isMissing) else { return }
        let added = wanted.filter(isMissing).map { entry($0) }
        try await mounts.change { entries throws(CofferError) in
            for entry in added where !entries.contains(where: { $0.path == entry.path }) { entries.append(entry) }
        }
    }

    private func entry(_ mount: InitialMount) -> MountEntry {
        var entry = MountEntry(
            uuid: environment.randomness.uuid(), path: mount.path, type: mount.type, mountClass: .secret,
            accessor: SystemEngine.accessor(mount.type, .secret, randomness: environment.randomness))
        entry.options = mount.options
        entry.description = mount.description
        return entry
    }

    /// Creates the root token that a quorum of share holders asked for. Its length is that of the one-time password that masks it,
    /// because clients send passwords as long as the tokens of the servers they were written for.
    func makeRootToken(length: Int) async throws -> String {
        guard let services else { throw CofferError.sealed }
        let isUsual = length == TokenFormat.serviceLength
        let named = isUsual ? nil : TokenFormat.makeToken(length: length, environment.randomness)
        guard
            let made = try await services.tokens.create(
                named: named, parent: nil, displayName: "root", policies: ["root"], path: "auth/token/root", configure: { _ in })
        else { throw CofferError(.conflict, "the root token could not be created because of a concurrent change; retry") }
        return made.token
    }
}

/// An engine that the server mounts without a request, such as `secret/` of a development server.
package struct InitialMount: Sendable {
    /// The mount's path with its final slash, such as `secret/`.
    package var path: String
    /// The type of the engine, such as `kv`.
    package var type: String
    /// The options of the engine, such as `version`.
    package var options: [String: String]
    /// A description for people.
    package var description: String

    /// Creates the description of a mount.
    package init(path: String, type: String, options: [String: String], description: String) {
        self.path = path
        self.type = type
        self.options = options
        self.description = description
    }
}
