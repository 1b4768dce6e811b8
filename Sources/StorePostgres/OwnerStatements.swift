import DatabaseClients
import EngineKit

/// The statements that call the functions of ``OwnerTables``.
struct OwnerStatements: Sendable {
    let get: String
    let getAny: String
    let keys: ListStatements
    let allKeys: ListStatements
    /// The keys of owners together with all others.
    let everything: ListStatements
    let versions: String
    let put: String
    let remove: String

    init(_ schema: Schema, _ tables: OwnerTables) {
        let name = tables.schema
        get = "SELECT version, value FROM \(name).get($1, $2, $3)"
        getAny = "SELECT version, value FROM \(name).get_any($1, $2, $3)"
        keys = ListStatements(
            from: "SELECT head, tail FROM \(name).keys($4, $1, $2, false, $3)",
            after: "SELECT head, tail FROM \(name).keys($4, $1, $2, true, $3)")
        allKeys = ListStatements(
            from: "SELECT head, tail FROM \(name).keys_of_all($1, $2, false, $3)",
            after: "SELECT head, tail FROM \(name).keys_of_all($1, $2, true, $3)")
        func both(_ comparison: String, isAfter: Bool) -> String {
            """
            SELECT head, tail FROM ((\(ListStatements.ofNobody(schema, comparison)))
            UNION ALL (SELECT head, tail FROM \(name).keys_of_all($1, $2, \(isAfter), $3))) AS k ORDER BY head, tail LIMIT $3
            """
        }
        everything = ListStatements(from: both(">=", isAfter: false), after: both(">", isAfter: true))
        versions = "SELECT number, version FROM \(name).versions($1, $2, $3, $4)"
        put = "SELECT \(name).put($1, $2, $3, $4, $5, $6, $7)"
        remove = "SELECT \(name).remove($1, $2, $3, $4)"
    }
}

extension Statements {
    typealias Call = (statement: String, values: [PostgresValue])

    private static let notSetUp = StorageError.unavailable(
        "the records of owners need tables with row-level security, which this database does not have; have a superuser run the "
            + "statements of `coffer operator owner-tables`, and restart the server")

    /// Returns the statement that reads a record, on behalf of whom the task acts.
    ///
    /// - Throws: ``StorageError/foreignOwner(key:)``, or `unavailable` if owners have no tables.
    func get(_ key: String) throws(StorageError) -> Call {
        let place = RecordPlace(key)
        guard place.owner != nil else { return (get, [.bytes(place.head), .bytes(place.mark)]) }
        guard let owners else { throw Self.notSetUp }
        let (owner, isEverybody) = try Self.scope(of: key)
        return (isEverybody ? owners.getAny : owners.get, [.bytes(owner), .bytes(place.head), .bytes(place.mark)])
    }

    /// Returns the statements that list keys below a prefix.
    func list(_ listing: Listing) throws(StorageError) -> ListStatements {
        if OwnedKey.owner(of: listing.prefix) != nil {
            guard let owners else { throw Self.notSetUp }
            let (owner, isEverybody) = try Self.scope(of: listing.prefix)
            guard !isEverybody else { return owners.allKeys }
            return ListStatements(from: owners.keys.from, after: owners.keys.after, owner: owner)
        }
        guard let owners, OwnedKey.mayPrecede(listing.prefix) else { return list }
        return owners.everything
    }

    /// Returns the owners whose records a batch changes, as the scope of the task allows them.
    func owners(of batch: Batch) throws(StorageError) -> Set<[UInt8]> {
        var found: Set<[UInt8]> = []
        for mutation in batch.mutations where OwnedKey.owner(of: mutation.key) != nil {
            guard owners != nil else { throw Self.notSetUp }
            found.insert(try Self.scope(of: mutation.key).owner)
        }
        return found
    }

    /// Returns the owner that the database is told, which is that of the request and not what the key says.
    private static func scope(of key: String) throws(StorageError) -> (owner: [UInt8], isEverybody: Bool) {
        try OwnedKey.check(key)
        switch OwnerScope.current {
        case .owner(let name): return (Array(name.utf8), false)
        case .everybody: return (Array((OwnedKey.owner(of: key) ?? "").utf8), true)
        case nil: throw .foreignOwner(key: key)
        }
    }

    /// Returns the statements that read the versions of records. Each row has the number of its place, from 1, and a version.
    func versions(of places: [RecordPlace], _ allowed: Set<[UInt8]>) -> [([RecordPlace], String, [PostgresValue])] {
        var calls: [([RecordPlace], String, [PostgresValue])] = []
        let plain = places.filter { $0.owner == nil }
        if !plain.isEmpty { calls.append((plain, versions, [.byteArrays(plain.map(\.head)), .byteArrays(plain.map(\.mark))])) }
        let owned = places.filter { $0.owner != nil }
        if let owners, !owned.isEmpty {
            calls.append((owned, owners.versions, [.byteArrays(Array(allowed))] + Self.columns(owned)))
        }
        return calls
    }

    /// Returns the statements that make the changes of a group.
    func writes(of changes: GroupChanges, _ allowed: Set<[UInt8]>) -> [Call] {
        let (puts, deletes) = (changes.puts, changes.deletes)
        // Most groups have no record of an owner.
        guard let owners, !allowed.isEmpty else { return plainWrites(puts, deletes) }
        var calls = plainWrites(puts.filter { $0.place.owner == nil }, deletes.filter { $0.owner == nil })
        let ownedPuts = puts.filter { $0.place.owner != nil }
        let ownedDeletes = deletes.filter { $0.owner != nil }
        let allowed = PostgresValue.byteArrays(Array(allowed))
        if !ownedPuts.isEmpty {
            calls.append((owners.put, [allowed] + Self.columns(ownedPuts.map(\.place)) + Self.values(ownedPuts)))
        }
        if !ownedDeletes.isEmpty { calls.append((owners.remove, [allowed] + Self.columns(ownedDeletes))) }
        return calls
    }

    /// Returns the statements for records that belong to nobody.
    private func plainWrites(_ puts: [GroupChanges.Put], _ deletes: [RecordPlace]) -> [Call] {
        var calls: [Call] = []
        if !puts.isEmpty {
            let places: [PostgresValue] = [.byteArrays(puts.map(\.place.head)), .byteArrays(puts.map(\.place.mark))]
            calls.append((put, places + Self.values(puts)))
        }
        if !deletes.isEmpty { calls.append((delete, [.byteArrays(deletes.map(\.head)), .byteArrays(deletes.map(\.mark))])) }
        return calls
    }

    private static func values(_ puts: [GroupChanges.Put]) -> [PostgresValue] {
        [
            .byteArrays(puts.map(\.place.tail)), .integers(puts.map { Int64(bitPattern: $0.record.version) }),
            .byteArrays(puts.map(\.record.value)),
        ]
    }

    private static func columns(_ places: [RecordPlace]) -> [PostgresValue] {
        [.byteArrays(places.map { $0.owner ?? [] }), .byteArrays(places.map(\.head)), .byteArrays(places.map(\.mark))]
    }
}
