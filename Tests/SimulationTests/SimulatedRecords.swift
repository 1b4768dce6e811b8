import EngineKit
import StoreKit

/// Records in the order of their keys, as a value: a replica keeps a copy. Keys are ASCII here.
struct SimulatedRecords {
    private var byKey: [String: StoredRecord] = [:]
    private(set) var keys: [String] = []

    subscript(key: String) -> StoredRecord? {
        get { byKey[key] }
        set {
            let isKnown = byKey[key] != nil
            byKey[key] = newValue
            guard isKnown != (newValue != nil) else { return }
            let position = position(.from(key))
            if isKnown { keys.remove(at: position) } else { keys.insert(key, at: position) }
        }
    }

    func list(_ listing: Listing) throws(StorageError) -> [String] {
        var page = try ListingPage(listing)
        guard !page.isFull else { return [] }
        var position = position(page.start)
        while position < keys.count {
            switch page.take(keys[position]) {
            case .next: position += 1
            case .seek(let bound): position = self.position(bound)
            case .done: return page.names
            }
        }
        return page.names
    }

    /// Those that begin so, whole.
    func keys(below prefix: String) -> ArraySlice<String> {
        // No key of ASCII that begins so comes after this.
        keys[position(.from(prefix))..<position(.from(prefix + "\u{7F}"))]
    }

    private func position(_ bound: ListingPage.Bound) -> Int {
        let (key, isExclusive) =
            switch bound {
            case .from(let key): (key, false)
            case .after(let key): (key, true)
            }
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key || isExclusive && keys[middle] == key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
