import EngineKit

/// The combined changes of the batches of a group. The preconditions of each batch are checked
/// against the records as the batches before it leave them.
struct GroupChanges {
    private enum Change {
        case put(StoredRecord)
        case delete
    }

    typealias Put = (place: RecordPlace, record: StoredRecord)

    private var versions: [RecordPlace: UInt64]
    private var changes: [RecordPlace: Change] = [:]
    private var changedKeys: [String] = []

    /// Begins with the versions of the records that preconditions name. Keys without a record are
    /// left out.
    init(versions: [RecordPlace: UInt64]) { self.versions = versions }

    var isEmpty: Bool { changes.isEmpty }

    /// Adds a batch.
    ///
    /// - Returns: Whether it changes anything, or a conflict if a precondition does not hold; then
    ///   nothing of it is added.
    mutating func apply(_ batch: Batch) -> Result<Bool, StorageError> {
        let places = batch.mutations.map { RecordPlace($0.key) }
        for (mutation, place) in zip(batch.mutations, places) where mutation.precondition != .none {
            guard mutation.precondition.holds(for: versions[place]) else { return .failure(.conflict(key: mutation.key)) }
        }
        var isChange = false
        for (mutation, place) in zip(batch.mutations, places) {
            switch mutation.change {
            case .put(let value, let version):
                changes[place] = .put(StoredRecord(value: value, version: version))
                versions[place] = version
            case .delete:
                changes[place] = .delete
                versions[place] = nil
            case .check: continue
            }
            changedKeys.append(mutation.key)
            isChange = true
        }
        return .success(isChange)
    }

    var puts: [Put] {
        changes.compactMap { place, change in
            guard case .put(let record) = change else { return nil }
            return (place, record)
        }
    }

    var deletes: [RecordPlace] {
        changes.compactMap { place, change in
            guard case .delete = change else { return nil }
            return place
        }
    }

    /// Returns the changed keys, separated by NUL, which no key contains. Returns nothing if they
    /// exceed `bytesMax`.
    func keys(bytesMax: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for key in changedKeys {
            guard bytes.count + key.utf8.count < bytesMax else { return [] }
            if !bytes.isEmpty { bytes.append(0) }
            bytes += key.utf8
        }
        return bytes
    }
}
