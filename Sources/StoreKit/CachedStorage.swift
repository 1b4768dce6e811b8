package import EngineKit

/// A bounded cache of sealed records, and of their absence, above any store.
///
/// What a commit wrote is read back from memory. A read that began before a commit never puts the old record back:
/// see ``CacheShard``. Listings go to the store.
package final class CachedStorage: CachingStorage {
    private let base: any Storage
    private let shards: [CacheShard]

    // A power of two.
    private static let shardCount = 16

    /// `bytesMax` counts keys, values and about 200 bytes an entry. Records above 1/64 of it are not kept.
    package init(base: any Storage, bytesMax: Int) {
        self.base = base
        shards = (0..<Self.shardCount).map { _ in CacheShard(bytesMax: bytesMax / Self.shardCount) }
    }

    /// Returns a record from the cache, or from the store, which is then remembered.
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

    /// Lists from the store: listings are not cached.
    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try await base.list(listing)
    }

    /// Commits to the store, and then caches what was written. After a failure the keys of the batch are read again when they are asked for.
    package func commit(_ batch: Batch) async throws(StorageError) {
        let changes = batch.mutations.map { (key: StorageKey($0.key), change: $0.change) }
        for (key, change) in changes where change != .check { shard(of: key).beginWrite(key) }
        do {
            try await base.commit(batch)
        } catch {
            // Whether it was written may be unknown, and a conflict says that what is cached may be old.
            for (key, change) in changes {
                if change == .check { shard(of: key).invalidate(key) } else { shard(of: key).endWrite(key, nil) }
            }
            throw error
        }
        for (key, change) in changes where change != .check { shard(of: key).endWrite(key, change) }
    }

    /// Forgets records that somebody else wrote.
    package func invalidate(_ keys: some Sequence<String>) {
        for key in keys.lazy.map(StorageKey.init) { shard(of: key).invalidate(key) }
    }

    /// Forgets what other nodes changed.
    package func drop(_ change: StorageChange) {
        switch change {
        case .keys(let keys): invalidate(keys)
        case .everything: removeAll()
        }
    }

    /// Forgets everything, as sealing demands.
    package func removeAll() {
        for shard in shards { shard.removeAll() }
    }

    /// What the cache holds now, as its bound counts it.
    package var byteCount: Int { shards.reduce(0) { $0 + $1.byteCount } }

    private func shard(of key: StorageKey) -> CacheShard {
        shards[key.digest & (Self.shardCount - 1)]
    }
}
