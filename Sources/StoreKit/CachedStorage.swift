package import EngineKit

/// A bounded cache of encrypted records, and of absent keys, in front of any store.
///
/// Committed records are read from memory. A read that began before a commit never caches the old record: see
/// ``CacheShard``. Listings are not cached.
package final class CachedStorage: CachingStorage {
    private let base: any Storage
    private let shards: [CacheShard]

    // A power of two.
    private static let shardCount = 16

    /// Creates a cache. `bytesMax` limits the size of keys and values plus about 200 bytes for each entry. Records above
    /// 1/64 of it are not cached.
    package init(base: any Storage, bytesMax: Int) {
        self.base = base
        shards = (0..<Self.shardCount).map { _ in CacheShard(bytesMax: bytesMax / Self.shardCount) }
    }

    /// Returns a record from the cache, or from the store, and then caches it.
    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        let key = StorageKey(key)
        let shard = shard(of: key)
        switch shard.lookUp(key) {
        case .record(let record): return record
        case .absent: return nil
        case .unknown(let epoch):
            let record = try await base.get(key.text)
            shard.fill(key, record, readAt: epoch)
            return record
        }
    }

    /// Returns a listing from the store.
    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try await base.list(listing)
    }

    /// Commits to the store, and then caches what was written. After a failure, the keys of the batch are removed from the
    /// cache.
    package func commit(_ batch: Batch) async throws(StorageError) {
        let changes = batch.mutations.map { (key: StorageKey($0.key), change: $0.change) }
        for (key, change) in changes where change != .check { shard(of: key).beginWrite(key) }
        do {
            try await base.commit(batch)
        } catch {
            // It may be unknown whether the batch was written, and a conflict shows that cached records may be old.
            for (key, change) in changes {
                if change == .check { shard(of: key).invalidate(key) } else { shard(of: key).endWrite(key, nil) }
            }
            throw error
        }
        for (key, change) in changes where change != .check { shard(of: key).endWrite(key, change) }
    }

    /// Removes records that another writer changed.
    package func invalidate(_ keys: some Sequence<String>) {
        for key in keys.lazy.map(StorageKey.init) { shard(of: key).invalidate(key) }
    }

    /// Removes records that other nodes changed.
    package func drop(_ change: StorageChange) {
        switch change {
        case .keys(let keys): invalidate(keys)
        case .everything: removeAll()
        }
    }

    /// Removes everything, which sealing requires.
    package func removeAll() {
        for shard in shards { shard.removeAll() }
    }

    /// The current size, counted as for the limit.
    package var byteCount: Int { shards.reduce(0) { $0 + $1.byteCount } }

    private func shard(of key: StorageKey) -> CacheShard {
        shards[key.digest & (Self.shardCount - 1)]
    }
}
