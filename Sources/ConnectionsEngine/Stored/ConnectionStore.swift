import EngineKit
import Syntax

/// The records of a mount; `docs/formats/connections.md` has them all.
struct ConnectionStore: Sendable {
    let storage: any Storage
    let randomness: any Randomness

    enum Key {
        static let owners = "owner/"
        static let tokens = "token/"
        static let due = "due/"
        static let broken = "broken/"
        static let flights = "flight/"
        static let deletions = "deleting/"

        static func deletion(_ owner: Owner) -> String { "deleting/\(owner)" }
        static func owner(_ owner: Owner) -> String { "owner/\(owner)" }
        static func tokens(of owner: Owner) -> String { "token/\(owner)/" }
        static func token(_ id: ConnectionID) -> String { "token/\(id)" }
        static func broken(_ id: ConnectionID) -> String { "broken/\(id)" }
        static func flight(_ id: ConnectionID) -> String { "flight/\(id)" }
        /// A platform's are one stretch, ordered by time: twelve digits of seconds.
        static func due(of platform: String) -> String { "due/\(platform)/" }
        static func due(_ moment: Int, _ id: ConnectionID) -> String {
            "due/\(id.platform)/\(bucket(moment))/\(id.owner)/\(id.environment)"
        }

        /// What a name below ``due(of:)`` stands for.
        static func dueItem(_ name: String, of platform: String) -> (moment: Int, id: ConnectionID)? {
            guard let (due, path) = name.cutUTF8(at: "/"), let moment = Int(due),
                let id = ConnectionID(path: "\(path)/\(platform)")
            else { return nil }
            return (moment, id)
        }

        static func bucket(_ moment: Int) -> String {
            let digits = String(max(moment, 0))
            return String(repeating: "0", count: max(12 - digits.utf8.count, 0)) + digits
        }
    }

    /// A connection as it was read, with what its change is conditional on.
    struct Loaded: Sendable {
        var id: ConnectionID
        var owner: OwnerKey
        var grant: Grant
        var version: UInt64
    }

    func owner(_ owner: Owner) async throws(StorageError) -> OwnerKey? {
        let key = Key.owner(owner)
        guard let record = try await storage.get(key) else { return nil }
        return try OwnerKey(decoding: record, key: key)
    }

    /// nil when there is none, and while its owner is being deleted.
    func load(_ id: ConnectionID) async throws(StorageError) -> Loaded? {
        guard let owner = try await owner(id.owner), !owner.isDeleting else { return nil }
        return try await load(id, owner)
    }

    func load(_ id: ConnectionID, _ owner: OwnerKey) async throws(StorageError) -> Loaded? {
        let key = Key.token(id)
        guard let record = try await storage.get(key) else { return nil }
        guard let grant = Grant(decoding: try owner.open(record.value, for: id, key: key)) else { throw .corrupted(key: key) }
        return Loaded(id: id, owner: owner, grant: grant, version: record.version)
    }

    /// The changed connection and its places in the indexes. Fails when it or its owner changed meanwhile.
    func put(_ grant: Grant, over loaded: Loaded, due: Int?, into batch: inout Batch) throws(CofferError) {
        batch.check(Key.owner(loaded.id.owner), .version(loaded.owner.version))
        try put(grant, loaded.id, loaded.owner, .version(loaded.version), old: loaded.grant, due: due, into: &batch)
    }

    func put(
        _ grant: Grant, _ id: ConnectionID, _ owner: OwnerKey, _ precondition: Batch.Precondition, old: Grant?, due: Int?,
        into batch: inout Batch
    ) throws(CofferError) {
        var grant = grant
        grant.dueAt = due
        let sealed = try owner.seal(grant.encoded(), for: id, randomness: randomness)
        batch.put(Key.token(id), sealed, if: precondition)
        if let before = old?.dueAt, before != due { batch.delete(Key.due(before, id)) }
        if let due, old?.dueAt != due { batch.put(Key.due(due, id), []) }
        let wasBroken = old.map { $0.state != .active } ?? false
        if grant.state != .active, !wasBroken { batch.put(Key.broken(id), []) }
        if grant.state == .active, wasBroken { batch.delete(Key.broken(id)) }
    }

    /// Takes a connection away with everything that points at it.
    func delete(_ loaded: Loaded, into batch: inout Batch) {
        batch.delete(Key.token(loaded.id), if: .version(loaded.version))
        batch.delete(Key.flight(loaded.id))
        if let due = loaded.grant.dueAt { batch.delete(Key.due(due, loaded.id)) }
        if loaded.grant.state != .active { batch.delete(Key.broken(loaded.id)) }
    }

    /// One page of an owner's connections.
    func connections(of owner: Owner, after: String? = nil, limit: Int = 1_000) async throws(StorageError) -> [ConnectionID] {
        let names = try await storage.list(
            Listing(prefix: Key.tokens(of: owner), after: after, limit: limit, isRecursive: true))
        return names.compactMap { ConnectionID(path: "\(owner)/\($0)") }
    }
}
