import Crypto
import EngineKit
import Records
import Syntax

/// The records of one owner, and no others: whoever holds this cannot name a record of somebody else.
///
/// All of them are below `owned/<owner>/`. The barrier, and PostgreSQL with row-level security, refuse them outside of a request for the
/// owner (``OwnedStorage``).
struct OwnedRecords: Sendable {
    /// A record of the owner.
    enum Name: Sendable, Hashable {
        /// The wrapped data keys.
        case keys
        /// How much the owner has.
        case counts
        /// A secret with its value.
        case secret(SecretID)
        /// Which secrets there are of a provider and type.
        case pair(PairID)
        /// An earlier value of a secret.
        case old(SecretID, version: Int)
        /// How often a secret was used.
        case usage(SecretID)
        /// A part of the access log.
        case access(AccessName)
        /// A deleted secret that can still be restored.
        case trash(SecretID)

        /// Reads the key of a record that the index of an owner depends on. Returns nil for any other.
        init?(indexed key: Substring) {
            if let id = key.removingUTF8Prefix(Folder.secrets.rawValue).flatMap({ SecretID(String($0)) }) {
                self = .secret(id)
            } else if let id = key.removingUTF8Prefix(Folder.pairs.rawValue).flatMap({ PairID(stored: String($0)) }) {
                self = .pair(id)
            } else if let id = key.removingUTF8Prefix(Folder.usage.rawValue).flatMap({ SecretID(String($0)) }) {
                self = .usage(id)
            } else {
                return nil
            }
        }

        fileprivate var key: String {
            switch self {
            case .keys: "keys"
            case .counts: "counts"
            case .secret(let id): Folder.secrets.rawValue + id.text
            case .pair(let pair): Folder.pairs.rawValue + pair.text
            case .old(let id, let version): "old/\(id)/\(version)"
            case .usage(let id): Folder.usage.rawValue + id.text
            case .access(let name): Folder.access.rawValue + name.text
            case .trash(let id): Folder.trash.rawValue + id.text
            }
        }
    }

    /// A folder of records.
    enum Folder: String, Sendable, CaseIterable {
        case secrets = "secret/"
        case pairs = "pair/"
        case usage = "usage/"
        case access = "access/"
        case trash = "trash/"
    }

    /// Changes and checks of the owner's records that take effect together or not at all.
    struct Changes {
        fileprivate var batch = Batch()

        mutating func put(_ name: Name, _ value: some Record, if precondition: Batch.Precondition = .none) {
            batch.put(name.key, value.encoded(), if: precondition)
        }

        mutating func delete(_ name: Name, if precondition: Batch.Precondition = .none) {
            batch.delete(name.key, if: precondition)
        }

        mutating func check(_ name: Name, _ precondition: Batch.Precondition) { batch.check(name.key, precondition) }
    }

    /// A record as it was read, with the version that a change of it depends on.
    struct Found<Value: Record> {
        var value: Value
        var stamp: UInt64

        var unchanged: Batch.Precondition { .version(stamp) }
    }

    /// Whose records they are.
    let owner: Owner
    private let storage: OwnedStorage

    private static let folder = OwnedKey.folder

    init(of owner: Owner, in storage: any Storage) {
        self.owner = owner
        self.storage = OwnedStorage(storage, owner: owner.text)
    }

    /// Returns a record, or nil if there is none. Throws ``StorageError/corrupted(key:)`` for one that cannot be read.
    func find<Value: Record>(_ name: Name, as _: Value.Type = Value.self) async throws(StorageError) -> Found<Value>? {
        guard let record = try await storage.get(name.key) else { return nil }
        guard let value = Value(decoding: record.value) else { throw corrupted(name) }
        return Found(value: value, stamp: record.version)
    }

    /// Returns one page of the names in a folder, in the order of their bytes.
    func names(in folder: Folder, after: String? = nil, limit: Int = StorageLimits.pageMax) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: folder.rawValue, after: after, limit: limit))
    }

    /// Whether the owner has no records.
    func isEmpty() async throws(StorageError) -> Bool {
        try await storage.list(Listing(prefix: "", limit: 1)).isEmpty
    }

    /// Deletes at most so many records, all but the keys, and returns how many it deleted.
    func deleteSome(_ countMax: Int) async throws(StorageError) -> Int {
        let keys = Name.keys.key
        let names = try await storage.list(Listing(prefix: "", limit: countMax + 1, isRecursive: true))
            .filter { $0 != keys }.prefix(countMax)
        if !names.isEmpty { try await storage.delete(Array(names), below: "") }
        return names.count
    }

    /// Deletes the keys of an owner, whatever they are, and another record of the mount, in one batch.
    static func deleteKeys(of owner: Owner, with other: String, in storage: any Storage) async throws(StorageError) {
        try await OwnerScope.owner(owner.text).run { () throws(StorageError) in
            try await storage.delete([folder + owner.text + "/" + Name.keys.key, other], below: "")
        }
    }

    /// Makes a decision that depends on the owner's records, and commits it in one batch. Starts over if another writer was first.
    func change<Result>(_ decide: (inout Changes) async throws -> Result) async throws -> Result {
        try await storage.transact { batch in
            var changes = Changes()
            let result = try await decide(&changes)
            batch = changes.batch
            return result
        }
    }

    /// Makes a decision for each of several owners, and commits all of them in one batch. Starts over if another writer was first.
    static func change(
        _ owners: some Collection<Owner> & Sendable, in storage: any Storage,
        _ decide: (OwnedRecords, inout Changes) async throws -> Void
    ) async throws {
        // Each owner's records are read in the scope of the owner, and all of them are written together.
        try await OwnerScope.everybody.run { () async throws in
            try await storage.transact { batch in
                for owner in owners {
                    var changes = Changes()
                    let records = OwnedRecords(of: owner, in: storage)
                    try await decide(records, &changes)
                    for mutation in changes.batch.prefixed(folder + owner.text + "/").mutations { batch.append(mutation) }
                }
            }
        }
    }

    /// Returns one page of owners who have records, in the order of their bytes.
    static func owners(in storage: any Storage, _ paging: Paging) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: folder, paging)).map { String($0.dropLastUTF8()) }
    }

    /// The error for a record that is not what was written.
    func corrupted(_ name: Name) -> StorageError { .corrupted(key: Self.folder + owner.text + "/" + name.key) }

    /// Returns the owner and the rest of a key of the mount, or nil if it is not one of an owner's records.
    static func parse(_ key: String) -> (owner: Owner, rest: Substring)? {
        guard let path = key.removingUTF8Prefix(folder), let (owner, rest) = path.cutUTF8(at: "/"),
            let owner = try? Owner(String(owner))
        else { return nil }
        return (owner, rest)
    }
}

/// The name of a provider and a type of secret among the records of an owner.
struct PairID: Sendable, Hashable {
    /// The SHA-256 of both texts, each preceded by its length, in hex: a text may have slashes and any length.
    let text: String

    init(provider: String, type: String) {
        var bytes: [UInt8] = []
        bytes.append(lengthAndText: provider)
        bytes.append(lengthAndText: type)
        text = Hex.encode(Array(SHA256.hash(data: bytes)))
    }

    /// Reads the name of a record. Returns nil if it is none.
    init?(stored text: String) {
        guard text.utf8.count == 64, text.utf8.allSatisfy(\.isLowercaseHexDigit) else { return nil }
        self.text = text
    }
}

extension [UInt8] {
    /// Appends the length of a text in four bytes, and its UTF-8, so that no two lists of texts give the same bytes.
    mutating func append(lengthAndText text: String) {
        let count = UInt32(truncatingIfNeeded: text.utf8.count)
        for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: count >> UInt32(shift))) }
        append(contentsOf: text.utf8)
    }
}
