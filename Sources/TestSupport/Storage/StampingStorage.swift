package import EngineKit
import Synchronization

/// Gives every write a fresh version, as the barrier does between an engine and its store.
package final class StampingStorage: Storage {
    private let base: any Storage
    private let stamp = Atomic<UInt64>(0)

    package init(_ base: any Storage) { self.base = base }

    package func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await base.get(key) }
    package func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    package func commit(_ batch: Batch) async throws(StorageError) {
        var stamped = Batch()
        for var mutation in batch.mutations {
            if case .put(let value, version: 0) = mutation.change {
                mutation.change = .put(value, version: stamp.add(1, ordering: .relaxed).newValue)
            }
            stamped.append(mutation)
        }
        try await base.commit(stamped)
    }
}

/// Lets others run between a read and the commit that was decided on it, as a disk does.
package struct YieldingStorage: Storage {
    private let base: any Storage

    package init(_ base: any Storage) { self.base = base }

    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        let record = try await base.get(key)
        for _ in 0..<4 { await Task.yield() }
        return record
    }

    package func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }
    package func commit(_ batch: Batch) async throws(StorageError) { try await base.commit(batch) }
}

/// Lets a test step in before each read or commit, as another node may.
package final class InterposedStorage: Storage {
    private let base: any Storage
    private let hook: Mutex<(@Sendable (String?) async -> Void)?> = Mutex(nil)

    package init(_ base: any Storage) { self.base = base }

    /// Called once, before the next read of `key`, or before the next commit when that is nil.
    package func before(_ key: String?, _ action: @escaping @Sendable () async -> Void) {
        hook.withLock { hook in hook = { [self] event in if event == key { clear(); await action() } } }
    }

    private func clear() { hook.withLock { $0 = nil } }

    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        await hook.withLock { $0 }?(key)
        return try await base.get(key)
    }

    package func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    package func commit(_ batch: Batch) async throws(StorageError) {
        await hook.withLock { $0 }?(nil)
        try await base.commit(batch)
    }
}
