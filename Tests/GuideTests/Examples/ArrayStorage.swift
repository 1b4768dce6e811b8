import EngineKit
import StoreKit
import Synchronization

/// A store that keeps its records in an array, in the order of their keys' bytes.
final class ArrayStorage: Storage {
    private struct Entry {
        var key: String
        var record: StoredRecord
    }

    private let entries = Mutex<[Entry]>([])

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        entries.withLock { entries in
            let index = Self.index(.from(key), in: entries)
            return Self.isKey(key, at: index, in: entries) ? entries[index].record : nil
        }
    }

    /// The first entry at or after a key, or after it.
    private static func index(_ bound: ListingPage.Bound, in entries: [Entry]) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            let isBefore =
                switch bound {
                case .from(let key): entries[middle].key.utf8.lexicographicallyPrecedes(key.utf8)
                case .after(let key): !key.utf8.lexicographicallyPrecedes(entries[middle].key.utf8)
                }
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func isKey(_ key: String, at index: Int, in entries: [Entry]) -> Bool {
        index < entries.count && entries[index].key.utf8.elementsEqual(key.utf8)
    }
}

extension ArrayStorage {
    func list(_ listing: Listing) async throws(StorageError) -> [String] {
        var page = try ListingPage(listing)
        guard !page.isFull else { return [] }
        return entries.withLock { entries in
            var index = Self.index(page.start, in: entries)
            while index < entries.count {
                switch page.take(entries[index].key) {
                case .next: index += 1
                case .seek(let bound): index = Self.index(bound, in: entries)
                case .done: return page.names
                }
            }
            return page.names
        }
    }
}

extension ArrayStorage {
    func commit(_ batch: Batch) async throws(StorageError) {
        try batch.validate()
        try entries.withLock { (entries) throws(StorageError) in
            for mutation in batch.mutations {
                let index = Self.index(.from(mutation.key), in: entries)
                let version = Self.isKey(mutation.key, at: index, in: entries) ? entries[index].record.version : nil
                guard mutation.precondition.holds(for: version) else { throw .conflict(key: mutation.key) }
            }
            for mutation in batch.mutations { Self.apply(mutation, to: &entries) }
        }
    }

    private static func apply(_ mutation: Batch.Mutation, to entries: inout [Entry]) {
        let index = index(.from(mutation.key), in: entries)
        let isThere = isKey(mutation.key, at: index, in: entries)
        switch mutation.change {
        case .put(let value, let version):
            let entry = Entry(key: mutation.key, record: StoredRecord(value: value, version: version))
            if isThere { entries[index] = entry } else { entries.insert(entry, at: index) }
        case .delete: if isThere { entries.remove(at: index) }
        case .check: break
        }
    }
}
