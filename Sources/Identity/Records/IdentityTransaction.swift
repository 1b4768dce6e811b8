import EngineKit
import Records

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

    /// Returns the record of an entity or group, or nil if there is none.
    mutating func record<Member: IdentityMember>(_ id: String) async throws(StorageError) -> Member? {
        let key = IdentityKeys.record(id, of: Member.self)
        guard let bytes = try await get(key) else { return nil }
        guard let member = Member(id: id, encoded: bytes) else { throw .corrupted(key: key) }
        return member
    }

    /// Returns an entity by its id, or by the id of an entity that was merged into it.
    mutating func entity(_ id: String) async throws(StorageError) -> Entity? {
        if let entity: Entity = try await record(id) { return entity }
        guard let target = try await text(IdentityKeys.merged(id)), target != id else { return nil }
        return try await entity(target)
    }

    /// Returns an entity or group by its name, in any case.
    mutating func member<Member: IdentityMember>(named name: String) async throws(StorageError) -> Member? {
        guard let id = try await text(IdentityKeys.name(name, of: Member.self)) else { return nil }
        return try await Member.find(id, in: &self)
    }

    /// Returns an entity by the mount and name of one of its aliases.
    mutating func entity(at place: AliasPlace) async throws(StorageError) -> Entity? {
        guard let id = try await text(IdentityKeys.alias(at: place)) else { return nil }
        return try await entity(id)
    }

    /// Returns a group by its id.
    mutating func group(_ id: String) async throws(StorageError) -> Group? { try await record(id) }

    /// Writes the record of an entity or group.
    mutating func put<Member: IdentityMember>(_ member: Member) {
        put(IdentityKeys.record(member.id, of: Member.self), member.encoded())
    }

    /// Deletes the record and the name of an entity or group.
    mutating func delete<Member: IdentityMember>(_ member: Member) {
        delete(IdentityKeys.name(member.name, of: Member.self))
        delete(IdentityKeys.record(member.id, of: Member.self))
    }

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
