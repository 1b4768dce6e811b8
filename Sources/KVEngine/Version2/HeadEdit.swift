import EngineKit

/// A change of one secret: its new head, and changes of its other records.
struct HeadEdit {
    let path: String
    /// The head after the change, or nil if the secret does not exist then.
    private(set) var head: Head?
    /// Other changes, which are committed together with the head.
    var batch = Batch()

    private var isChanged = false
    private let precondition: Batch.Precondition

    init(path: String, record: StoredRecord?) throws(StorageError) {
        self.path = path
        precondition = .init(unchanged: record)
        if let record { head = try Head(decoding: record.value, key: RecordKey.head(path)) }
    }

    /// The batch to commit, which is empty if nothing changed.
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

    /// Replaces the head.
    mutating func set(_ head: Head) {
        self.head = head
        isChanged = true
    }

    /// Adds a version, archives the data of the one before, and drops the oldest ones beyond the limit.
    ///
    /// - Throws: ``CofferError`` if the newest version has the highest possible number.
    mutating func add(_ version: Head.Version, data: [UInt8], versionsMax: Int) throws(CofferError) {
        var head = head ?? Head(created: version.created)
        guard head.current + 1 < HeadFormat.numbersEnd else {
            throw .invalid(
                "the newest version of the secret has the highest number that there is; delete the secret with its "
                    + "metadata to start again at 1"
            )
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

    /// Deletes the data of versions permanently. Their metadata remains.
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

    /// Marks versions as deleted.
    mutating func delete(_ numbers: [Int], at now: Timestamp) {
        change(numbers) { version, _, _, _ in
            guard !version.isGone(at: now) else { return false }
            version.deletion = now
            return true
        }
    }

    /// Removes the mark of deletion from versions that were not destroyed.
    mutating func undelete(_ numbers: [Int]) {
        change(numbers) { version, _, _, _ in
            guard !version.isDestroyed, version.deletion != nil else { return false }
            version.deletion = nil
            return true
        }
    }

    /// Deletes the secret with all its versions.
    mutating func remove() {
        guard let head else { return }
        for (index, version) in head.versions.dropLast().enumerated() where !version.isDestroyed {
            batch.delete(RecordKey.archive(path, head.first + UInt64(index)))
        }
        self.head = nil
        isChanged = true
    }

    /// Calls `body` for versions. Numbers of versions that do not exist are skipped, as in Vault.
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
