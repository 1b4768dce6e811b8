import Barrier
package import EngineKit
import Identity
import Lifetimes
import Logging
import Syntax

/// What a node of a cluster does: it follows the changes of the other nodes, and takes or gives up leadership.
extension Core {
    /// Drops everything that was cached of records that another node changed. When it returns, no request on this node is answered
    /// from the old state.
    ///
    /// The store's change feed calls it, and the other node's commit waits until it returns. It must not wait for anything that a
    /// commit of this node holds: such a commit waits for the other nodes, of which one may be waiting for this call.
    package func drop(_ change: StorageChange) async throws {
        guard let services = noteRemoteChange() else { return }
        // The keys come first: the records that are read below may be sealed with the new ones.
        if change.touches("core/keyring") || change.touches("core/seal") { try await reloadKeys() }
        services.tokens.drop(change.below(Self.tokenPrefix))
        services.identity.drop(change.below(Self.identityPrefix))
        services.policies.drop(change)
        for mount in services.mounts.router.mounts.values {
            mount.caching?.drop(change.below(mount.entry.storagePrefix))
        }
        if change.touches(Self.identityPrefix + LoginMFA.generationKey) { try await services.identity.mfa.load() }
        if change.touches(MountTable.key) { try await services.mounts.reload() }
        if change.touches("sys/quota") { try await services.quotas.load() }
        if change.touches("sys/audit-headers") { try await services.audit.headerRules.load() }
        if change.touches("sys/audit") { try await services.audit.reload() }
    }

    /// Reads the keyring again after another node rotated or replaced the keys. A node that cannot open the new keys seals and has
    /// to be unsealed again. Throws if the keyring could not be read, so that the feed retries.
    private func reloadKeys() async throws {
        do {
            try await seal.reloadKeyring()
        } catch SealError.storage(let error) {
            guard !isSealed else { return }
            guard case .corrupted = error else { throw error }
            sealAndReopen()
        } catch {
            guard !isSealed else { return }
            sealAndReopen()
        }
    }

    /// Seals the node, and unseals it again if its seal does so automatically.
    private func sealAndReopen() {
        let next = seal.configuredKind.unsealsAutomatically ? "it tries to unseal automatically" : "unseal it again"
        logger.warning(
            "another node replaced the keys and this node cannot open the new ones, so it is sealed: \(next)")
        // In a task: closing waits for the requests in progress, and the change feed must not wait for them.
        Task.detached { [self] in
            await close()
            try? await start()  // The jobs retry a failed start.
        }
    }

    /// Whether this node does the cluster's singleton work, and the term that fences its commits; the term is nil without a
    /// cluster.
    var leadership: (leads: Bool, term: UInt64?) {
        guard let cluster = environment.cluster else { return (true, nil) }
        let term = cluster.leadingTerm
        return (term != nil, term)
    }

    /// Gives up leadership for 10 seconds, in which another node takes over. If none does, this node leads again.
    func stepDown() {
        guard let cluster = environment.cluster, cluster.leadingTerm != nil else { return }
        cluster.offerToLead(false)
        Task.detached { [self] in
            try? await Task.sleep(for: .seconds(10))
            if !isSealed { cluster.offerToLead(true) }
        }
    }

    /// Runs `body` in the leader's term if this node leads, and does nothing otherwise.
    func runAsLeader(_ body: () async throws -> Void) async rethrows {
        let (leads, term) = leadership
        guard leads else { return }
        guard let term else { return try await body() }
        try await LeaderTerm.$current.withValue(term) { try await body() }
    }
}

extension StorageChange {
    /// Returns the changes below a prefix, their keys without the prefix.
    func below(_ prefix: String) -> StorageChange {
        guard case .keys(let keys) = self else { return .everything }
        return .keys(keys.filter { $0.hasUTF8Prefix(prefix) }.map { String($0.dropFirstUTF8(prefix.utf8.count)) })
    }

    /// Returns whether the record with this key, or any record below it, changed.
    func touches(_ name: String) -> Bool {
        guard case .keys(let keys) = self else { return true }
        return keys.contains { $0 == name || $0.hasUTF8Prefix(name + "/") }
    }
}
