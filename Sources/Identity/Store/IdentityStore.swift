package import EngineKit
import Records
import Syntax

/// Entities, their aliases and groups. A change is one atomic batch; it is in force for the next request.
///
/// What requests need of an entity stays open in a bounded cache, which every change here empties as far as it must.
package final class IdentityStore: Sendable {
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    /// Policies that nobody can be given.
    let forbiddenPolicies: Set<String>
    private let cache = UnfairLock(Cache())
    private let lines = WriterQueues()

    private struct Cache {
        var entities: [String: ResolvedEntity] = [:]
        /// Counts changes, so that a slow reader does not put back what a change has just dropped.
        var generation: UInt64 = 0
        var stamp: UInt64 = 0
    }

    private static let cachedMax = 8_192

    /// `storage` is the barrier's slice for identity.
    package init(
        storage: any Storage, time: any TimeSource, randomness: any Randomness, forbiddenPolicies: Set<String> = ["root"]
    ) {
        self.storage = storage
        self.time = time
        self.randomness = randomness
        self.forbiddenPolicies = forbiddenPolicies
    }

    // MARK: Resolving

    /// The entity with this id, or the one it was merged into; nil when it is gone.
    package func resolve(_ id: String) async throws -> ResolvedEntity? {
        let (cached, generation) = cache.withLock { ($0.entities[id], $0.generation) }
        if let cached { return cached }
        guard let bytes = try await storage.get(IdentityKeys.entity(id))?.value else {
            guard let target = try await storage.get(IdentityKeys.merged(id))?.value else { return nil }
            let merged = String(decoding: target, as: UTF8.self)
            return merged == id ? nil : try await resolve(merged)
        }
        guard let entity = Entity(id: id, encoded: bytes) else { throw StorageError.corrupted(key: IdentityKeys.entity(id)) }
        let (groups, direct) = try await groups(of: id)
        return cache.withLock { cache in
            cache.stamp += 1
            let resolved = ResolvedEntity(entity, groups: groups, directGroupIDs: direct, stamp: cache.stamp)
            guard cache.generation == generation else { return resolved }
            if cache.entities.count >= Self.cachedMax { cache.entities.removeAll() }
            cache.entities[id] = resolved
            return resolved
        }
    }

    /// Every group that an entity is in, directly or through others, each once. A cycle, which no write makes, ends.
    private func groups(of entity: String) async throws -> (groups: [Group], direct: Set<String>) {
        let direct = try await names(IdentityKeys.memberships(of: entity))
        var (found, seen) = ([Group](), Set<String>())
        var waiting = direct
        while let id = waiting.popLast() {
            guard seen.insert(id).inserted else { continue }
            guard seen.count <= IdentityLimits.groupsOfEntityMax else {
                throw CofferError(.tooLarge, "an entity is in too many groups")
            }
            guard let bytes = try await storage.get(IdentityKeys.group(id))?.value else { continue }
            guard let group = Group(id: id, encoded: bytes) else { throw StorageError.corrupted(key: IdentityKeys.group(id)) }
            found.append(group)
            waiting += try await names(IdentityKeys.parents(of: id))
        }
        return (found, Set(direct))
    }

    private func names(_ prefix: String) async throws -> [String] {
        let names = try await storage.list(Listing(prefix: prefix, limit: IdentityLimits.groupsOfEntityMax + 1))
        guard names.count <= IdentityLimits.groupsOfEntityMax else {
            throw CofferError(.tooLarge, "an entity is in too many groups")
        }
        return names
    }

    // MARK: Changing

    /// Decides on what is there and commits in one batch; decides again when it changed meanwhile.
    func change<Result>(_ decide: (inout IdentityTransaction) async throws -> Result) async throws -> Result {
        var changed: Set<String> = []
        // After a failure too, which does not say that nothing was written.
        defer { if !changed.isEmpty { invalidate(changed) } }
        return try await storage.transact { batch in
            var transaction = IdentityTransaction(storage)
            let result = try await decide(&transaction)
            if !transaction.changedKeys.isEmpty {
                batch = transaction.batch
                changed.formUnion(transaction.changedKeys)
            }
            return result
        }
    }

    /// The same for changes of who is in which group: one at a time here, excluded by ``IdentityKeys/graph`` elsewhere.
    func changeGraph<Result>(_ decide: (inout IdentityTransaction) async throws -> Result) async throws -> Result {
        try await lines.inTurn(IdentityKeys.graph) {
            try await change { transaction in
                try await transaction.touchGraph()
                return try await decide(&transaction)
            }
        }
    }

    /// Reads without changing.
    func reading<Result>(_ read: (inout IdentityTransaction) async throws -> Result) async throws -> Result {
        var transaction = IdentityTransaction(storage)
        return try await read(&transaction)
    }

    /// The same for what another node changed.
    package func drop(_ change: StorageChange) {
        switch change {
        case .keys(let keys): invalidate(Set(keys))
        case .everything:
            cache.withLock { cache in
                cache.generation += 1
                cache.entities.removeAll()
            }
        }
    }

    /// Drops what was resolved from records that changed, here or on another node. Keys are relative to the store's slice.
    package func invalidate(_ keys: Set<String>) {
        cache.withLock { cache in
            cache.generation += 1
            for key in keys {
                if key.hasUTF8Prefix(IdentityKeys.entities) {
                    cache.entities[String(key.dropFirstUTF8(IdentityKeys.entities.utf8.count))] = nil
                } else if Self.concernsGroups(key) {
                    cache.entities.removeAll()
                    return
                }
            }
        }
    }

    private static func concernsGroups(_ key: String) -> Bool {
        key.hasUTF8Prefix("group") || key == IdentityKeys.graph || key.hasUTF8Prefix("member/") || key.hasUTF8Prefix("parent/")
    }

    /// A name that nobody chose: `entity_5d1f3b2a`.
    func freeName(_ kind: String, _ isTaken: (String) async throws -> Bool) async throws -> String {
        for _ in 0..<4 {
            let name = kind + "_" + randomness.uuid().prefixUTF8(8)
            if try await !isTaken(name) { return name }
        }
        return kind + "_" + randomness.uuid()
    }
}
