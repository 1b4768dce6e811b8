import EngineKit

extension SealController {
    /// The size at which a batch is committed, in bytes.
    private static let resealBytesMax = 8 << 20
    /// How many conflicts are allowed in a batch, beyond one for each of its records.
    private static let resealTriesMax = 8

    /// Encrypts the records of older terms with the current term, in batches of about `batchSize` records, and calls
    /// `onProgress` after each.
    ///
    /// The position is stored with every batch, so an interrupted run continues where it was. A record keeps its
    /// version, because its content does not change: a write that was prepared before still applies, and a write that
    /// comes first wins. The old terms stay in the keyring, since backups and slow nodes may still use them.
    package func reseal(
        batchSize: Int = 256, onProgress: @Sendable (ResealReport) -> Void = { _ in }
    ) async throws(SealError) -> ResealReport {
        guard !isResealing else { throw .attemptInProgress }
        isResealing = true
        defer { isResealing = false }
        let term = try openKeyring().current.number
        var position = try await resealPosition(for: term)
        var report = ResealReport()
        while !position.isDone {
            // The records of all owners, which stay as they are inside.
            position = try await OwnerScope.everybody.run { () throws(SealError) in
                try await resealPage(position, size: min(max(batchSize, 1), 4_096), &report)
            }
            onProgress(report)
        }
        // If the key was rotated meanwhile, the next run starts from the beginning.
        report.isComplete = try openKeyring().current.number == term
        return report
    }

    /// Returns the stored position if it belongs to `term`, or the beginning.
    private func resealPosition(for term: UInt32) async throws(SealError) -> ResealPosition {
        guard let record = try await base.read(CoreKey.reseal), let stored = try? ResealPosition(decoding: record.value),
            stored.term == term
        else { return ResealPosition(term: term) }
        return stored
    }

    /// Processes the records of one page and returns the position after it.
    private func resealPage(
        _ position: ResealPosition, size: Int, _ report: inout ResealReport
    ) async throws(SealError) -> ResealPosition {
        let page = try await base.page(Listing(prefix: "", after: position.after, limit: size, isRecursive: true))
        var next = position
        next.after = page.last ?? position.after
        next.isDone = page.count < size
        var rest = page.filter { !CoreKey.owns($0) }[...]
        report.scanned += rest.count
        repeat {
            var changes: [Batch.Mutation] = []
            var bytes = 0
            while bytes < Self.resealBytesMax, let key = rest.popFirst() {
                guard let change = try await resealed(key, &report) else { continue }
                if case .put(let value, _) = change.change { bytes += value.count }
                changes.append(change)
            }
            try await commitResealed(changes, position: rest.isEmpty ? next : nil, &report)
        } while !rest.isEmpty
        return next
    }

    /// Returns the write that encrypts a record with the current term, or nil if that is not needed or not possible.
    private func resealed(_ key: String, _ report: inout ResealReport) async throws(SealError) -> Batch.Mutation? {
        guard let record = try await base.read(key) else { return nil }
        let keyring = try openKeyring()
        let keyID = record.value.withRawBytes { Envelope.keyID(of: $0) }
        if keyID == keyring.current.number { return nil }
        do throws(StorageError) {
            let value = try keyring.open(record, key: key)
            let sealed = try keyring.seal(value, key: key, version: record.version, randomness: randomness)
            return .init(key: key, change: .put(sealed, version: record.version), precondition: .version(record.version))
        } catch {
            report.unreadableCount += 1
            if report.unreadable.count < ResealReport.unreadableMax { report.unreadable.append(key) }
            return nil
        }
    }

    /// Commits `changes`. A record that was written meanwhile is read again.
    private func commitResealed(
        _ changes: [Batch.Mutation], position: ResealPosition?, _ report: inout ResealReport
    ) async throws(SealError) {
        var changes = changes
        for attempt in 1... {
            var batch = Batch()
            for change in changes { batch.append(change) }
            if let position { batch.put(CoreKey.reseal, position.encoded(), version: barrier.stamp()) }
            if batch.isEmpty { return }
            do throws(SealError) {
                try await base.write(batch)
                report.resealed += changes.count
                return
            } catch {
                guard case .storage(.conflict(let key)) = error, attempt < changes.count + Self.resealTriesMax,
                    let index = changes.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) })
                else { throw error }
                // Another write came first, so the record is read again.
                changes.remove(at: index)
                if let again = try await resealed(key, &report) { changes.append(again) }
            }
        }
    }
}

extension Storage {
    /// Returns a page of keys, with its error as a ``SealError``.
    func page(_ listing: Listing) async throws(SealError) -> [String] {
        do throws(StorageError) {
            return try await list(listing)
        } catch {
            throw .storage(error)
        }
    }
}
