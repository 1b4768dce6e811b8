package import EngineKit

extension Barrier: Storage {
    /// Returns the record of `key` with its value decrypted, or nil if there is none.
    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        try Self.refuseOwn(key)
        try OwnedKey.check(key)
        let record = try await base.get(key)
        // The keys are taken after the read: a request that was waiting for the store when the server was sealed
        // decrypts nothing.
        let keyring = try openKeyring()
        guard var record else { return nil }
        do throws(StorageError) {
            record.value = try keyring.open(record, key: key)
        } catch {
            guard let newer = await reloadedKeyring(keyring, ifNewerTermIn: record) else { throw error }
            record.value = try newer.open(record, key: key)
        }
        return record
    }

    /// Returns a page of keys. The keys below `core/` are left out.
    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try Self.refuseOwn(listing.prefix)
        try OwnedKey.check(prefix: listing.prefix)
        guard !isSealed else { throw .sealed }
        guard listing.prefix.isEmpty else { return try await base.list(listing) }
        return try await listRoot(listing)
    }

    /// Encrypts the values of `batch` and commits it to the store, completely or not at all.
    package func commit(_ batch: Batch) async throws(StorageError) {
        try await base.commit(try sealed(batch))
    }

    /// Returns `batch` with its values encrypted, as the store receives it.
    func sealed(_ batch: Batch) throws(StorageError) -> Batch {
        let (keyring, stamp) = try keyringAndStamp()
        var sealed = Batch()
        for var mutation in batch.mutations {
            try Self.refuseOwn(mutation.key)
            try OwnedKey.check(mutation.key)
            if case .put(let value, let asked) = mutation.change {
                guard value.count <= StorageLimits.valueBytesMax - Envelope.overheadBytes else {
                    throw .limitExceeded("the value is larger than a record may be; split it")
                }
                let version = asked == 0 ? stamp : asked
                let bytes = try keyring.seal(value, key: mutation.key, version: version, randomness: randomness)
                mutation.change = .put(bytes, version: version)
            }
            sealed.append(mutation)
        }
        return sealed
    }

    /// Returns a page of the whole store without the keys below `core/`. Reads on until the page is full or the store
    /// ends.
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

    /// Throws if `key` is below `core/`.
    private static func refuseOwn(_ key: String) throws(StorageError) {
        if CoreKey.owns(key) { throw .limitExceeded("keys below core/ are the barrier's own") }
    }
}
