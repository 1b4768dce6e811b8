import EngineKit
import Synchronization

/// A store that calls back before it does anything; what the hook throws is the store's failure.
final class HookedStorage: Storage {
    typealias Hook<Value> = @Sendable (Value) async throws(StorageError) -> Void

    let base: any Storage
    private let hooks = Mutex<(get: Hook<String>?, commit: Hook<[String]>?)>((nil, nil))

    init(_ base: any Storage) { self.base = base }

    func beforeGet(_ hook: Hook<String>?) { hooks.withLock { $0.get = hook } }
    /// Of the keys that the batch writes.
    func beforeCommit(_ hook: Hook<[String]>?) { hooks.withLock { $0.commit = hook } }

    /// The next reading of this key fails.
    func failOnce(get key: String) {
        beforeGet { [weak self] asked throws(StorageError) in
            guard asked == key else { return }
            self?.beforeGet(nil)
            throw .unavailable("injected failure")
        }
    }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        if let hook = hooks.withLock({ $0.get }) { try await hook(key) }
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    func commit(_ batch: Batch) async throws(StorageError) {
        if let hook = hooks.withLock({ $0.commit }) { try await hook(batch.keys) }
        try await base.commit(batch)
    }
}
