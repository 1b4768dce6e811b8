/// A slice of a store: an engine sees its own keys and no others.
package struct PrefixedStorage: Storage {
    private let base: any Storage
    private let prefix: String

    /// The prefix ends with `/`.
    package init(_ base: any Storage, prefix: String) {
        self.base = base
        self.prefix = prefix
    }

    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        try await base.get(prefix + key)
    }

    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        var listing = listing
        listing.prefix = prefix + listing.prefix
        return try await base.list(listing)
    }

    package func commit(_ batch: Batch) async throws(StorageError) {
        var prefixed = Batch()
        for var mutation in batch.mutations {
            mutation.key = prefix + mutation.key
            prefixed.append(mutation)
        }
        try await base.commit(prefixed)
    }
}
