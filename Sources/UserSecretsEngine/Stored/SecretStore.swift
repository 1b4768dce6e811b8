import EngineKit
import Records
import Syntax

/// Reads and changes the secrets of the mount's owners.
struct SecretStore: Sendable {
    let storage: any Storage
    let keys: KeyRing
    let indexes: OwnerIndexes
    let time: any TimeSource
    let randomness: any Randomness
    private let lines = WriterQueues()

    /// A secret as it was read, together with those of its provider and type.
    struct Loaded: Sendable {
        var secret: UserSecret
        var unchanged: Batch.Precondition
        var pair: Pair
        var pairUnchanged: Batch.Precondition

        /// Whether it is used where the provider and the type alone are named.
        var isDefault: Bool { pair.defaultID == secret.id }
    }

    /// How often a read starts again if the secret is changed between its two records.
    private static let attemptsMax = 16

    init(_ context: MountContext) {
        storage = context.storage
        keys = KeyRing(context)
        indexes = OwnerIndexes()
        time = context.time
        randomness = context.randomness
    }

    /// The records of an owner.
    func records(of owner: Owner) -> OwnedRecords { OwnedRecords(of: owner, in: storage) }

    /// Returns a secret, or nil if there is none of that id.
    ///
    /// - Throws: ``StorageError/corrupted(key:)`` for a record that is not the one last written, such as an older one that was put
    ///   back into the store.
    func load(_ id: SecretID, from records: OwnedRecords) async throws(StorageError) -> Loaded? {
        var attempt = 1
        while true {
            guard let found = try await records.find(.secret(id), as: UserSecret.self) else { return nil }
            guard found.value.id == id else { throw records.corrupted(.secret(id)) }
            let pair = try await records.find(.pair(found.value.pairID), as: Pair.self)
            if let pair, let entry = pair.value[id], entry.revision == found.value.revision {
                return Loaded(
                    secret: found.value, unchanged: found.unchanged, pair: pair.value, pairUnchanged: pair.unchanged)
            }
            // Both are written in one batch, so they differ only while it is committed, or because somebody else wrote one.
            guard let again = try await records.find(.secret(id), as: UserSecret.self) else { return nil }
            let pairAgain = try await records.find(.pair(found.value.pairID), as: Pair.self)
            guard again.stamp != found.stamp || pairAgain?.stamp != pair?.stamp, attempt < Self.attemptsMax else {
                throw records.corrupted(.secret(id))
            }
            attempt += 1
        }
    }

    /// Returns the current value of a secret.
    ///
    /// - Throws: ``StorageError/corrupted(key:)`` if it does not open as what it is stored as.
    func value(of secret: UserSecret, from records: OwnedRecords) async throws -> [UInt8] {
        // A secret whose owner has no key any more is one that does not exist.
        guard let opened = try await keys.open(records) else { throw CofferError.notFound }
        return try value(of: secret, from: records, with: opened)
    }

    /// Opens the current value with keys that were read.
    func value(of secret: UserSecret, from records: OwnedRecords, with opened: KeyRing.Opened) throws(StorageError) -> [UInt8] {
        let key = try opened.dataKey(secret.sealed.keyVersion)
        guard let value = key.open(secret.sealed, at: secret.place(of: records.owner)) else {
            throw records.corrupted(.secret(secret.id))
        }
        return value
    }

    /// Changes records of an owner, one change after another on this node. `decide` runs again if another writer was first.
    ///
    /// - Parameter touched: What the change may have made different, for the index.
    func change<Result>(
        _ records: OwnedRecords, _ decide: (inout OwnedRecords.Changes) async throws -> (Result, touched: [OwnedRecords.Name])
    ) async throws -> Result {
        try await lines.inTurn(records.owner.text) {
            var touched: Set<OwnedRecords.Name> = []
            // Even after an error, since the batch may have been written.
            defer { indexes.touch(records.owner, touched) }
            return try await records.change { changes in
                let (result, names) = try await decide(&changes)
                touched.formUnion(names)
                return result
            }
        }
    }
}
