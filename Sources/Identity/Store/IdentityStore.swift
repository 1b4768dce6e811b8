package import EngineKit
import Records
import Syntax

/// The entities, their aliases and groups. A change is one atomic batch, and all requests after it see it.
///
/// What requests need of an entity is kept, decrypted, in a bounded cache. Every change removes from it what it affects.
package final class IdentityStore: Sendable {
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    /// The names of policies that entities and groups cannot have.
    let forbiddenPolicies: Set<String>
    /// Second factors of logins.
    package let mfa: LoginMFA
    private let cache = UnfairLock(Cache())
    private let queues = WriterQueues()

    private struct Cache {
        var entities: [String: ResolvedEntity] = [:]
        /// The number of changes, by which a slow reader notices that what it read is out of date and must not be cached.
        var generation: UInt64 = 0
        /// The stamp of the newest ``ResolvedEntity``.
        var stamp: UInt64 = 0
    }

    private static let cachedMax = 8_192

    /// Creates a store.
    ///
    /// - Parameter storage: The part of the barrier's storage that belongs to identity.
    package init(
        storage: any Storage, time: any TimeSource, randomness: any Randomness, forbiddenPolicies: Set<String> = ["root"]
    ) {
        self.storage = storage
        self.time = time
        self.randomness = randomness
        self.forbiddenPolicies = forbiddenPolicies
        mfa = LoginMFA(storage: storage, time: time, randomness: randomness)
    }

    // MARK: Resolving

    /// Returns whether there is an entity with this id, or one that it was merged into.
    package func hasEntity(_ id: String) async throws(StorageError) -> Bool {
        if try await storage.get(IdentityKeys.record(id, of: Entity.self)) != nil { return true }
        return try await storage.get(IdentityKeys.merged(id)) != nil
    }

    /// Returns whether there is a group with this id.
    package func hasGroup(_ id: String) async throws(StorageError) -> Bool {
        try await storage.get(IdentityKeys.record(id, of: Group.self)) != nil
    }

    /// Returns the entity with this id, or the one it was merged into; nil if there is none.
    package func resolve(_ id: String) async throws -> ResolvedEntity? {
        let (cached, generation) = cache.withLock { ($0.entities[id], $0.generation) }
        if let cached { return cached }
        guard let bytes = try await storage.get(IdentityKeys.record(id, of: Entity.self))?.value else {
            guard let target = try await storage.get(IdentityKeys.merged(id))?.value else { return nil }
            let merged = String(decoding: target, as: UTF8.self)
            return merged == id ? nil : try await resolve(merged)
        }
        guard let entity = Entity(id: id, encoded: bytes) else {
            throw StorageError.corrupted(key: IdentityKeys.record(id, of: Entity.self))
        }
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

    /// Returns every group that an entity is in, directly or through others, without duplicates. Ends even if the groups form a
    /// cycle, which no write allows.
    private func groups(of entity: String) async throws -> (groups: [Group], direct: Set<String>) {
        let direct = try await names(IdentityKeys.memberships(of: entity))
        var (found, seen) = ([Group](), Set<String>())
        var waiting = direct
        while let id = waiting.popLast() {
            guard seen.insert(id).inserted else { continue }
            guard seen.count <= IdentityLimits.groupsOfEntityMax else {
                throw CofferError(.tooLarge, "an entity may be in at most \(IdentityLimits.groupsOfEntityMax) groups")
            }
            guard let bytes = try await storage.get(IdentityKeys.record(id, of: Group.self))?.value else { continue }
            guard let group = Group(id: id, encoded: bytes) else {
                throw StorageError.corrupted(key: IdentityKeys.record(id, of: Group.self))
            }
            found.append(group)
            waiting += try await names(IdentityKeys.parents(of: id))
        }
        return (found, Set(direct))
    }

    /// Returns all names below a prefix, of which there must not be more than an entity's groups.
    private func names(_ prefix: String) async throws -> [String] {
        let names = try await storage.list(Listing(prefix: prefix, limit: IdentityLimits.groupsOfEntityMax + 1))
        guard names.count <= IdentityLimits.groupsOfEntityMax else {
            throw CofferError(.tooLarge, "an entity may be in at most \(IdentityLimits.groupsOfEntityMax) groups")
        }
        return names
    }

    // MARK: Changing

    /// Runs `decide`, which reads records and changes them, and commits the changes in one batch. Runs it again if another
    /// writer changed one of the records in the meantime.
    func change<Result>(_ decide: (inout IdentityTransaction) async throws -> Result) async throws -> Result {
        var changed: Set<String> = []
        // The cache is cleared even after an error, because the batch may have been written.
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

    /// As ``change(_:)``, for changes of group memberships. They wait for each other on this node, and exclude each other
    /// across nodes through ``IdentityKeys/graph``.
    func changeGraph<Result>(_ decide: (inout IdentityTransaction) async throws -> Result) async throws -> Result {
        try await queues.inTurn(IdentityKeys.graph) {
            try await change { transaction in
                try await transaction.touchGraph()
                return try await decide(&transaction)
            }
        }
    }

    /// Reads records without changing them.
    func reading<Result>(_ read: (inout IdentityTransaction) async throws -> Result) async throws -> Result {
        var transaction = IdentityTransaction(storage)
        return try await read(&transaction)
    }

    /// Removes from the cache what another node's change affects.
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

    /// Removes from the cache what a change of these records affects. Keys are relative to the store's part of the storage.
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

    /// Whether a record belongs to a group, so that a change of it may affect any entity.
    private static func concernsGroups(_ key: String) -> Bool {
        key.hasUTF8Prefix("group") || key == IdentityKeys.graph || key.hasUTF8Prefix("member/") || key.hasUTF8Prefix("parent/")
    }
}
