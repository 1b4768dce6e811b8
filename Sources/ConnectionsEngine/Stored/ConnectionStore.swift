import EngineKit
import Syntax

/// The records of a mount of the connections engine. `docs/formats/connections.md` describes all of them.
struct ConnectionStore: Sendable {
    let storage: any Storage
    let randomness: any Randomness

    /// The keys of the records.
    enum Key {
        /// The keys of owners.
        static let owners = "owner/"
        /// The index of when connections are due for a refresh.
        static let due = "due/"
        /// The index of connections that are not active.
        static let broken = "broken/"
        /// Leases of refreshes in progress.
        static let flights = "flight/"
        /// Owners whose deletion has begun.
        static let deletions = "deleting/"

        static func deletion(_ owner: Owner) -> String { "deleting/\(owner)" }
        static func owner(_ owner: Owner) -> String { "owner/\(owner)" }
        static func tokens(of owner: Owner) -> String { "token/\(owner)/" }
        static func token(_ id: ConnectionID) -> String { "token/\(id)" }
        static func broken(_ id: ConnectionID) -> String { "broken/\(id)" }
        static func flight(_ id: ConnectionID) -> String { "flight/\(id)" }
        /// The prefix of a platform's index of due times.
        static func due(of platform: String) -> String { "due/\(platform)/" }
        /// The index entry of a connection that is due at a time in seconds since 1970. Entries sort by time.
        static func due(_ id: ConnectionID, at time: Int) -> String {
            "due/\(id.platform)/\(bucket(time))/\(id.owner)/\(id.environment)"
        }

        /// Parses a name below ``due(of:)``. Returns nil if it does not have that form.
        static func parseDue(_ name: String, of platform: String) -> (dueAt: Int, id: ConnectionID)? {
            guard let (due, path) = name.cutUTF8(at: "/"), let dueAt = Int(due),
                let id = ConnectionID(path: "\(path)/\(platform)")
            else { return nil }
            return (dueAt, id)
        }

        /// Returns a number with at least twelve digits, so that numbers sort as text.
        static func bucket(_ number: Int) -> String {
            let digits = String(max(number, 0))
            return String(repeating: "0", count: max(12 - digits.utf8.count, 0)) + digits
        }
    }

    /// A connection as it was read, with the versions that a change of it depends on.
    struct Loaded: Sendable {
        var id: ConnectionID
        var owner: OwnerKey
        var grant: Grant
        var version: UInt64
    }

    /// Returns the data key of an owner, or nil if there is no such owner.
    func owner(_ owner: Owner) async throws(StorageError) -> OwnerKey? {
        let key = Key.owner(owner)
        guard let record = try await storage.get(key) else { return nil }
        return try OwnerKey(decoding: record, key: key)
    }

    /// Returns a connection, or nil if there is none or its owner is being deleted.
    func load(_ id: ConnectionID) async throws(StorageError) -> Loaded? {
        guard let owner = try await owner(id.owner), !owner.isDeleting else { return nil }
        return try await load(id, owner: owner)
    }

    /// Returns a connection of an owner whose key was already read, or nil if there is none.
    func load(_ id: ConnectionID, owner: OwnerKey) async throws(StorageError) -> Loaded? {
        let key = Key.token(id)
        guard let record = try await storage.get(key) else { return nil }
        guard let grant = Grant(decoding: try owner.open(record.value, for: id, key: key)) else { throw .corrupted(key: key) }
        return Loaded(id: id, owner: owner, grant: grant, version: record.version)
    }

    /// Adds the changed connection and its index entries to a batch. The batch fails if the connection or its owner changed
    /// since it was read.
    func put(_ grant: Grant, over loaded: Loaded, due: Int?, into batch: inout Batch) throws(CofferError) {
        batch.check(Key.owner(loaded.id.owner), .version(loaded.owner.version))
        try put(
            grant, as: loaded.id, sealedBy: loaded.owner, if: .version(loaded.version), replacing: loaded.grant, due: due,
            into: &batch)
    }

    /// Adds a connection and its index entries to a batch.
    ///
    /// - Parameter old: The grant that is replaced, whose index entries are deleted.
    /// - Parameter due: When the connection is due for a refresh, in seconds since 1970, or nil if never.
    func put(
        _ grant: Grant, as id: ConnectionID, sealedBy owner: OwnerKey, if precondition: Batch.Precondition,
        replacing old: Grant?, due: Int?, into batch: inout Batch
    ) throws(CofferError) {
        var grant = grant
        grant.dueAt = due
        let sealed = try owner.seal(grant.encoded(), for: id, randomness: randomness)
        batch.put(Key.token(id), sealed, if: precondition)
        if let before = old?.dueAt, before != due { batch.delete(Key.due(id, at: before)) }
        if let due, old?.dueAt != due { batch.put(Key.due(id, at: due), []) }
        let wasBroken = old.map { $0.state != .active } ?? false
        if grant.state != .active, !wasBroken { batch.put(Key.broken(id), []) }
        if grant.state == .active, wasBroken { batch.delete(Key.broken(id)) }
    }

    /// Adds the deletion of a connection, its lease and its index entries to a batch.
    func delete(_ loaded: Loaded, into batch: inout Batch) {
        batch.delete(Key.token(loaded.id), if: .version(loaded.version))
        batch.delete(Key.flight(loaded.id))
        if let due = loaded.grant.dueAt { batch.delete(Key.due(loaded.id, at: due)) }
        if loaded.grant.state != .active { batch.delete(Key.broken(loaded.id)) }
    }

    /// Returns one page of an owner's connections.
    func connections(of owner: Owner, after: String? = nil, limit: Int = 1_000) async throws(StorageError) -> [ConnectionID] {
        let names = try await storage.list(
            Listing(prefix: Key.tokens(of: owner), after: after, limit: limit, isRecursive: true))
        return names.compactMap { ConnectionID(path: "\(owner)/\($0)") }
    }
}
