package import Barrier
import EngineKit
import Lifetimes
package import SecretMemory
import Synchronization

/// What the operator must keep: shown once.
package struct Initialization: Sendable {
    package var unsealShares: [SecretBytes]
    package var recoveryShares: [SecretBytes]
    package var rootToken: String
}

extension Core {
    /// Makes keys, the root token, the first policies and mounts, in one commit.
    ///
    /// - Parameters:
    ///   - rootToken: Chosen by whoever starts a development server; else random.
    ///   - mounts: What is mounted from the beginning.
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
        guard let token = made.withLock({ $0 }) else { throw CofferError(.internal, "initialisation made no root token") }
        condition.storeIsMade(needsShares: !keys.unsealShares.isEmpty)
        if keys.unsealShares.isEmpty { try await open() }
        return Initialization(unsealShares: keys.unsealShares, recoveryShares: keys.recoveryShares, rootToken: token)
    }

    static let clusterKey = "sys/cluster"

    /// What is mounted at such a path already stays as it is.
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

    /// A root token by the holders of the shares, as long as the one-time password that will mask it: clients bring passwords
    /// as long as the tokens of the servers they were made for.
    func makeRootToken(length: Int) async throws -> String {
        guard let services else { throw CofferError.sealed }
        let isUsual = length == TokenFormat.serviceLength
        let named = isUsual ? nil : TokenFormat.makeToken(length: length, environment.randomness)
        guard
            let made = try await services.tokens.create(
                named: named, parent: nil, displayName: "root", policies: ["root"], path: "auth/token/root", configure: { _ in })
        else { throw CofferError(.conflict, "the token could not be made; retry") }
        return made.token
    }
}

/// A mount that exists from the beginning, such as `secret/` of a development server.
package struct InitialMount: Sendable {
    package var path: String
    package var type: String
    package var options: [String: String]
    package var description: String

    package init(path: String, type: String, options: [String: String], description: String) {
        self.path = path
        self.type = type
        self.options = options
        self.description = description
    }
}
