import EngineKit

/// A change of one secret on its way: its head, and what must happen to the records beside it.
struct HeadEdit {
    let path: String
    /// nil while there is no such secret.
    private(set) var head: Head?
    /// Together with the head, or not at all.
    var batch = Batch()

    private var isChanged = false
    private let precondition: Batch.Precondition

    init(path: String, record: StoredRecord?) throws(StorageError) {
        self.path = path
        precondition = .init(unchanged: record)
        if let record { head = try Head(decoding: record.value, key: RecordKey.head(path)) }
    }

    /// What to commit; empty when nothing changed.
    var finished: Batch {
        guard isChanged else { return batch }
        var batch = batch
        if let head {
            batch.put(RecordKey.head(path), head.encoded(), if: precondition)
        } else {
            batch.delete(RecordKey.head(path), if: precondition)
        }
        return batch
    }

    mutating func set(_ head: Head) {
        self.head = head
        isChanged = true
    }

    /// Puts a new version on top, archives the one before, and drops those there is no room for.
    mutating func add(_ version: Head.Version, data: [UInt8], versionsMax: Int) throws(CofferError) {
        var head = head ?? Head(created: version.created)
        guard head.current + 1 < HeadFormat.numbersEnd else {
            throw .invalid(
                "the secret's newest version has the highest number there is; delete the secret with its metadata to begin at 1")
        }
        let previous = head.current
        let previousData = head.data
        head.versions.append(version)
        head.current += 1
        head.updated = version.created
        head.data = data
        if head.current - head.oldest >= UInt64(versionsMax) { head.oldest = head.current - UInt64(versionsMax) + 1 }
        if !previousData.isEmpty, previous >= head.oldest {
            batch.put(RecordKey.archive(path, previous), ArchiveRecord.encode(previousData, version: previous))
        }
        while head.first < head.oldest, head.versions.count > 1 {
            let dropped = head.first
            let isArchived = !head.versions.removeFirst().isDestroyed && dropped != previous
            if isArchived { batch.delete(RecordKey.archive(path, dropped)) }
        }
        set(head)
    }

    /// Takes the data of these versions away for good; their entries stay.
    mutating func destroy(_ numbers: [Int]) {
        change(numbers) { [path] version, number, head, batch in
            guard !version.isDestroyed else { return false }
            version.isDestroyed = true
            if number == head.current {
                head.data = []
            } else {
                batch.delete(RecordKey.archive(path, number))
            }
            return true
        }
    }

    mutating func delete(_ numbers: [Int], at now: Timestamp) {
        change(numbers) { version, _, _, _ in
            guard !version.isGone(at: now) else { return false }
            version.deletion = now
            return true
        }
    }

    mutating func undelete(_ numbers: [Int]) {
        change(numbers) { version, _, _, _ in
            guard !version.isDestroyed, version.deletion != nil else { return false }
            version.deletion = nil
            return true
        }
    }

    /// The secret with all its versions.
    mutating func remove() {
        guard let head else { return }
        for (index, version) in head.versions.dropLast().enumerated() where !version.isDestroyed {
            batch.delete(RecordKey.archive(path, head.first + UInt64(index)))
        }
        self.head = nil
        isChanged = true
    }

    /// Numbers of versions that are not there are passed over, as the Vault API does.
    private mutating func change(
        _ numbers: [Int], _ body: (inout Head.Version, UInt64, inout Head, inout Batch) -> Bool
    ) {
        guard var head else { return }
        var changed = false
        for number in numbers {
            guard let number = UInt64(exactly: number), let index = head.index(of: number) else { continue }
            var version = head.versions[index]
            guard body(&version, number, &head, &batch) else { continue }
            head.versions[index] = version
            changed = true
        }
        if changed { set(head) }
    }
}
