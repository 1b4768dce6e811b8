package import EngineKit
import Synchronization

/// Records in memory, which end with the process: for `-dev` and for tests.
package final class MemoryStorage: Storage {
    private struct State {
        var records: [StorageKey: StoredRecord] = [:]
        var keys = SortedKeys()
    }

    private let state = Mutex(State())

    /// Creates an empty store.
    package init() {}

    /// Returns a record, or nil if there is none.
    package func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        let key = StorageKey(key)
        return state.withLock { $0.records[key] }
    }

    /// Returns one page of names.
    package func list(_ listing: Listing) async throws(StorageError) -> [String] {
        var page = try ListingPage(listing)
        guard !page.isFull else { return [] }
        return state.withLock { state in
            var position = state.keys.lowerBound(page.start)
            while let key = state.keys.key(at: position) {
                switch page.take(key) {
                case .next: position = state.keys.position(after: position)
                case .seek(let bound): position = state.keys.lowerBound(bound)
                case .done: return page.names
                }
            }
            return page.names
        }
    }

    /// Commits a batch.
    package func commit(_ batch: Batch) async throws(StorageError) {
        try batch.validate()
        let mutations = batch.mutations.map { (key: StorageKey($0.key), $0.change, $0.precondition) }
        try state.withLock { (state) throws(StorageError) in
            for (key, _, precondition) in mutations where precondition != .none {
                guard precondition.holds(for: state.records[key]?.version) else { throw .conflict(key: key.text) }
            }
            for (key, change, _) in mutations {
                switch change {
                case .put(let value, let version):
                    if state.records.updateValue(StoredRecord(value: value, version: version), forKey: key) == nil {
                        state.keys.insert(key.text)
                    }
                case .delete:
                    if state.records.removeValue(forKey: key) != nil { state.keys.remove(key.text) }
                case .check: break
                }
            }
        }
    }
}
