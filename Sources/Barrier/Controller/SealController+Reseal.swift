import EngineKit

extension SealController {
    private static let resealBytesMax = 8 << 20
    private static let resealTriesMax = 8

    /// Moves records of older terms to the current one, in batches of about `batchSize`; `onProgress` hears of each.
    ///
    /// The position is stored with every batch, so an interrupted run goes on where it was. A record keeps its version:
    /// it says the same as before, and a change that was decided on it still holds; a change that comes in between
    /// wins. Old terms stay in the keyring: backups and late writers may still name them.
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
            position = try await resealPage(position, size: min(max(batchSize, 1), 4_096), &report)
            onProgress(report)
        }
        // After a rotation in between the next run starts from the beginning.
        report.isComplete = try openKeyring().current.number == term
        return report
    }

    /// The stored one if it belongs to this term and can be read.
    private func resealPosition(for term: UInt32) async throws(SealError) -> ResealPosition {
        guard let record = try await base.read(CoreKey.reseal), let stored = try? ResealPosition(decoding: record.value),
            stored.term == term
        else { return ResealPosition(term: term) }
        return stored
    }

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

    /// The write that moves a record to the current term. Nil when there is nothing to move.
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
                // Somebody was faster: look again at what is there now.
                changes.remove(at: index)
                if let again = try await resealed(key, &report) { changes.append(again) }
            }
        }
    }
}

extension Storage {
    func page(_ listing: Listing) async throws(SealError) -> [String] {
        do throws(StorageError) {
            return try await list(listing)
        } catch {
            throw .storage(error)
        }
    }
}
