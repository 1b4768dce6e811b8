import EngineKit
import Records

/// Deletes everything of an owner. The key goes first, and with it everything that was sealed; the rest is swept in small batches, by
/// the request and then by the node that leads, which also ends what a crash interrupted.
struct OwnerDeletion: Sendable {
    let store: SecretStore

    /// The folder of the owners whose deletion has begun.
    static let folder = "deleting/"
    /// The number of records that a batch deletes, and the number of batches of one step.
    private static let recordsMax = 500
    private static let batchesMax = 40
    private static let ownersMax = 100

    /// Destroys the key of an owner. Returns false if there is no such owner.
    ///
    /// When this returns, nothing of the owner can be read any more, and nothing is stored for it until the deletion has ended.
    func begin(_ owner: Owner) async throws -> Bool {
        let records = store.records(of: owner)
        guard try await !records.isEmpty() else { return false }
        // A crash after this leaves an owner whose deletion is begun again.
        try await store.storage.put(Self.folder + owner.text, [])
        try await destroyKeys(of: records)
        store.indexes.forget(owner)
        return true
    }

    /// Deletes some of what is left of an owner. Returns the number of deleted records, and whether nothing is left.
    func sweep(_ owner: Owner) async throws -> (deleted: Int, isDone: Bool) {
        let records = store.records(of: owner)
        try await destroyKeys(of: records)
        var deleted = 0
        for _ in 0..<Self.batchesMax {
            let count = try await records.deleteSome(Self.recordsMax)
            deleted += count
            guard count == 0 else { continue }
            // Together, so that a new key that the owner is given afterwards is not taken for an old one.
            try await OwnedRecords.deleteKeys(of: owner, with: Self.folder + owner.text, in: store.storage)
            store.indexes.forget(owner)
            return (deleted, true)
        }
        return (deleted, false)
    }

    /// Takes a step for each owner whose deletion has begun.
    func runRound() async throws {
        for name in try await store.storage.list(Listing(prefix: Self.folder, limit: Self.ownersMax)) {
            guard let owner = try? Owner(name) else { continue }
            _ = try await sweep(owner)
            if Task.isCancelled { return }
        }
    }

    /// Replaces the keys by a mark that the owner is being deleted. Keys that cannot be read are replaced as well.
    private func destroyKeys(of records: OwnedRecords) async throws {
        try await records.change { changes in
            do throws(StorageError) {
                guard let found = try await records.find(.keys, as: OwnerKeys.self) else {
                    return changes.put(.keys, OwnerKeys.destroyed, if: .absent)
                }
                guard !found.value.isDestroyed else { return }
                changes.put(.keys, OwnerKeys.destroyed, if: found.unchanged)
            } catch {
                guard case .corrupted = error else { throw error }
                changes.put(.keys, OwnerKeys.destroyed)
            }
        }
    }
}
