import EngineKit

/// A set of reads and writes that are committed together, on condition that nothing that was read has changed in the meantime.
struct IdentityTransaction {
    private let storage: any Storage
    private var reads: [String: Batch.Precondition] = [:]
    private var values: [String: [UInt8]?] = [:]
    private(set) var changedKeys: Set<String> = []

    /// Begins a transaction.
    init(_ storage: any Storage) { self.storage = storage }

    /// Returns a value as it is now, including the changes of this transaction.
    mutating func get(_ key: String) async throws(StorageError) -> [UInt8]? {
        if let known = values[key] { return known }
        let record = try await storage.get(key)
        reads[key] = .init(unchanged: record)
        values.updateValue(record?.value, forKey: key)
        return record?.value
    }

    /// Writes a value.
    mutating func put(_ key: String, _ value: [UInt8]) {
        values.updateValue(value, forKey: key)
        changedKeys.insert(key)
    }

    /// Deletes a value.
    mutating func delete(_ key: String) {
        values.updateValue(nil, forKey: key)
        changedKeys.insert(key)
    }

    /// Returns every name below a prefix in the store, without the changes of this transaction. A name that another writer adds
    /// is not noticed, so the caller reads ``IdentityKeys/graph`` where that matters.
    func names(_ prefix: String, limit: Int) async throws -> [String] {
        let names = try await storage.list(Listing(prefix: prefix, limit: limit))
        guard names.count < limit else { throw CofferError(.tooLarge, "the change would affect more than \(limit - 1) records") }
        return names
    }

    /// The batch that commits the transaction.
    var batch: Batch {
        var batch = Batch()
        for key in changedKeys.union(reads.keys).sorted() {
            let precondition = reads[key] ?? .none
            switch (changedKeys.contains(key), values[key] ?? nil) {
            case (false, _): batch.check(key, precondition)
            case (true, let value?): batch.put(key, value, if: precondition)
            case (true, nil): batch.delete(key, if: precondition)
            }
        }
        return batch
    }
}

extension IdentityTransaction {
    /// Returns a value as text.
    mutating func text(_ key: String) async throws(StorageError) -> String? {
        try await get(key).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes a text.
    mutating func put(_ key: String, text: String) { put(key, Array(text.utf8)) }

    /// Returns an entity by its id, or by the id of an entity that was merged into it.
    mutating func entity(_ id: String) async throws(StorageError) -> Entity? {
        guard let bytes = try await get(IdentityKeys.entity(id)) else {
            guard let target = try await text(IdentityKeys.merged(id)), target != id else { return nil }
            return try await entity(target)
        }
        guard let entity = Entity(id: id, encoded: bytes) else { throw .corrupted(key: IdentityKeys.entity(id)) }
        return entity
    }

    /// Returns an entity by its name, in any case.
    mutating func entity(named name: String) async throws(StorageError) -> Entity? {
        guard let id = try await text(IdentityKeys.entityName(name)) else { return nil }
        return try await entity(id)
    }

    /// Returns an entity by the mount and name of one of its aliases.
    mutating func entity(at place: AliasPlace) async throws(StorageError) -> Entity? {
        guard let id = try await text(IdentityKeys.alias(at: place)) else { return nil }
        return try await entity(id)
    }

    /// Returns a group by its id.
    mutating func group(_ id: String) async throws(StorageError) -> Group? {
        guard let bytes = try await get(IdentityKeys.group(id)) else { return nil }
        guard let group = Group(id: id, encoded: bytes) else { throw .corrupted(key: IdentityKeys.group(id)) }
        return group
    }

    /// Returns a group by its name, in any case.
    mutating func group(named name: String) async throws(StorageError) -> Group? {
        guard let id = try await text(IdentityKeys.groupName(name)) else { return nil }
        return try await group(id)
    }

    /// Writes the record of an entity.
    mutating func put(_ entity: Entity) { put(IdentityKeys.entity(entity.id), entity.encoded()) }
    /// Writes the record of a group.
    mutating func put(_ group: Group) { put(IdentityKeys.group(group.id), group.encoded()) }

    /// Writes the index entries of an entity's alias.
    mutating func putIndexes(_ alias: Alias) {
        put(IdentityKeys.alias(alias.id), text: alias.canonicalID)
        put(IdentityKeys.alias(at: alias.place), text: alias.canonicalID)
    }

    /// Deletes the index entries of an entity's alias.
    mutating func deleteIndexes(_ alias: Alias) {
        delete(IdentityKeys.alias(alias.id))
        delete(IdentityKeys.alias(at: alias.place))
    }

    /// Deletes the index entries of a group's alias.
    mutating func deleteGroupIndexes(_ alias: Alias) {
        delete(IdentityKeys.groupAlias(alias.id))
        delete(IdentityKeys.groupAlias(at: alias.place))
    }

    /// Makes this transaction conflict with every other one that changes group memberships.
    mutating func touchGraph() async throws(StorageError) {
        let count = try await text(IdentityKeys.graph).flatMap { Int($0) } ?? 0
        put(IdentityKeys.graph, text: String(count &+ 1))
    }
}
