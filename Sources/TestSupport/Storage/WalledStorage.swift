package import EngineKit

/// The part of a store that a mount gets, which refuses records of owners outside of their scope, as the barrier does.
package struct WalledStorage: Storage {
    private let base: any Storage

    package init(_ base: any Storage) { self.base = base }

    private func check(_ key: String) throws(StorageError) {
        do throws(StorageError) {
            try OwnedKey.check("mount/of-a-test/" + key)
        } catch {
            throw .foreignOwner(key: key)
        }
    }

    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        try check(key)
        return try await base.get(key)
    }

    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try check(listing.prefix)
        return try await base.list(listing)
    }

    package func commit(_ batch: Batch) async throws(StorageError) {
        for mutation in batch.mutations { try check(mutation.key) }
        try await base.commit(batch)
    }
}
