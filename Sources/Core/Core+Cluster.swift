import Barrier
package import EngineKit
import Identity
import Lifetimes
import Logging
import Syntax

/// What a node among several does besides.
extension Core {
    /// Forgets what another node changed. When it returns, no request here is answered by what was there before.
    ///
    /// Called by the store's change feed, which lets the other node wait until then. So nothing in here may wait for what a
    /// commit of this node holds: that commit waits for the other nodes, and one of them may be waiting for this one.
    package func drop(_ change: StorageChange) async throws {
        guard let services = noteChange() else { return }
        let parts = ChangeParts(change)
        // First, for what is read below may have been sealed with them.
        if parts.touches("core/keyring") || parts.touches("core/seal") { try await followKeys() }
        services.tokens.drop(parts.slice(Self.tokenPrefix))
        services.identity.drop(parts.slice("sys/identity/"))
        services.policies.drop(change)
        for mount in services.mounts.router.mounts.values {
            mount.caching?.drop(parts.slice(mount.entry.storagePrefix))
        }
        if parts.touches(MountTable.key) { try await services.mounts.reload() }
        if parts.touches("sys/quota") { try await services.quotas.load() }
        if parts.touches("sys/audit-headers") { try await services.audit.headerRules.load() }
        if parts.touches("sys/audit") { try await services.audit.reload() }
    }

    /// Another node rotated or replaced the keys. Without the new ones this node must be unsealed anew. Throws when they could
    /// not be read: that says nothing of them, and the feed tries again.
    private func followKeys() async throws {
        do {
            try await seal.reloadKeyring()
        } catch SealError.storage(let error) {
            guard !isSealed else { return }
            guard case .corrupted = error else { throw error }
            sealItself()
        } catch {
            guard !isSealed else { return }
            sealItself()
        }
    }

    private func sealItself() {
        logger.warning("the keys were replaced by another node and this one does not open them: it seals itself")
        // Apart, because it waits for what is under way.
        Task.detached { [self] in
            await close()
            try? await start()  // What fails is tried again by the jobs.
        }
    }

    /// Whether this node does the work that one node does for all, and the term that its commits are fenced by.
    var leadership: (leads: Bool, term: UInt64?) {
        guard let cluster = environment.cluster else { return (true, nil) }
        let term = cluster.leadingTerm
        return (term != nil, term)
    }

    /// Another that offers itself takes over meanwhile; without one this node leads again.
    func stepDown() {
        guard let cluster = environment.cluster, cluster.leadingTerm != nil else { return }
        cluster.offerToLead(false)
        Task.detached { [self] in
            try? await Task.sleep(for: .seconds(10))
            if !isSealed { cluster.offerToLead(true) }
        }
    }

    package var leads: Bool { leadership.leads }

    /// Runs the leader's work in its term; nothing on the other nodes.
    func leading(_ body: () async throws -> Void) async rethrows {
        let (leads, term) = leadership
        guard leads else { return }
        guard let term else { return try await body() }
        try await LeaderTerm.$current.withValue(term) { try await body() }
    }
}

/// A change, by the slices of storage that it concerns.
struct ChangeParts {
    private let change: StorageChange

    init(_ change: StorageChange) { self.change = change }

    /// The keys below a prefix, without it.
    func slice(_ prefix: String) -> StorageChange {
        guard case .keys(let keys) = change else { return .everything }
        return .keys(keys.filter { $0.hasUTF8Prefix(prefix) }.map { String($0.dropFirstUTF8(prefix.utf8.count)) })
    }

    /// A record, or any below its name.
    func touches(_ name: String) -> Bool {
        guard case .keys(let keys) = change else { return true }
        return keys.contains { $0 == name || $0.hasUTF8Prefix(name + "/") }
    }
}
