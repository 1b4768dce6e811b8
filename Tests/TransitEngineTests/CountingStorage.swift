import EngineKit
import Synchronization

/// Counts what is asked of a store.
final class CountingStorage: Storage {
    private let base: any Storage
    private let calls = Mutex(0)

    init(_ base: any Storage) { self.base = base }

    var count: Int { calls.withLock { $0 } }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        calls.withLock { $0 += 1 }
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] {
        calls.withLock { $0 += 1 }
        return try await base.list(listing)
    }

    func commit(_ batch: Batch) async throws(StorageError) {
        calls.withLock { $0 += 1 }
        try await base.commit(batch)
    }
}
