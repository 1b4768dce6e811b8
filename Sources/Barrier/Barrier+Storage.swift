package import EngineKit

extension Barrier: Storage {
    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        try Self.refuseOwn(key)
        let record = try await base.get(key)
        // After the wait, so that a request that was under way when the server was sealed opens nothing.
        let keyring = try openKeyring()
        guard var record else { return nil }
        do throws(StorageError) {
            record.value = try keyring.open(record, key: key)
        } catch {
            guard let newer = await self.keyring(after: keyring, knowing: record) else { throw error }
            record.value = try newer.open(record, key: key)
        }
        return record
    }

    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try Self.refuseOwn(listing.prefix)
        guard !isSealed else { throw .sealed }
        guard listing.prefix.isEmpty else { return try await base.list(listing) }
        return try await listRoot(listing)
    }

    package func commit(_ batch: Batch) async throws(StorageError) {
        try await base.commit(try sealed(batch))
    }

    /// The batch as the store gets it.
    func sealed(_ batch: Batch) throws(StorageError) -> Batch {
        let (keyring, stamp) = try keyringAndStamp()
        var sealed = Batch()
        for var mutation in batch.mutations {
            try Self.refuseOwn(mutation.key)
            if case .put(let value, let asked) = mutation.change {
                guard value.count <= StorageLimits.valueBytesMax - Envelope.overheadBytes else {
                    throw .limitExceeded("a value is larger than a record may be")
                }
                let version = asked == 0 ? stamp : asked
                let bytes = try keyring.seal(value, key: mutation.key, version: version, randomness: randomness)
                mutation.change = .put(bytes, version: version)
            }
            sealed.append(mutation)
        }
        return sealed
    }

    /// The whole store's page without the barrier's own keys: as many more are read as were left out.
    private func listRoot(_ listing: Listing) async throws(StorageError) -> [String] {
        var names: [String] = []
        var rest = listing
        while rest.limit > 0 {
            let page = try await base.list(rest)
            names += page.filter { !CoreKey.owns($0) }
            guard page.count == rest.limit, let last = page.last, names.count < listing.limit else { break }
            rest.after = last
            rest.limit = listing.limit - names.count
        }
        return names
    }

    private static func refuseOwn(_ key: String) throws(StorageError) {
        if CoreKey.owns(key) { throw .limitExceeded("keys below core/ are the barrier's own") }
    }
}
