import EngineKit
import Logging
import Records
import Synchronization

/// Uses and reads that are not stored yet. Nobody waits for them: once a minute they are stored in few batches by the node that
/// counted them, and a crash loses those of the last minute from the counts. The audit log has all of them.
final class UseJournal: Sendable {
    private struct Row {
        var count: Int
        var at: Timestamp
    }

    /// What an owner's secrets were used for.
    private struct Pending {
        var uses: [SecretID: Usage] = [:]
        var rows: [AccessEntry: Row] = [:]
    }

    private struct State {
        var owners: [Owner: Pending] = [:]
        var rows = 0
        var dropped = 0
        var flushedAt: Timestamp?
        var isFlushing = false
    }

    private let state = Mutex(State())
    private let storage: any Storage
    private let randomness: any Randomness
    private let indexes: OwnerIndexes
    private let logger: Logger

    /// The time between two flushes.
    static let seconds = 60
    /// The number of different rows of the access log that wait in memory. Beyond it uses are still counted.
    private static let rowsMax = 100_000
    /// With so many rows the next flush does not wait for the minute.
    private static let rowsManyMin = 20_000
    /// The largest number of owners, and about the largest number of records, in one batch.
    private static let ownersMax = 200
    private static let recordsMax = 1_000

    init(_ context: MountContext, indexes: OwnerIndexes) {
        storage = context.storage
        randomness = context.randomness
        logger = context.logger
        self.indexes = indexes
    }

    /// Notes what was done. A use that succeeded is counted.
    func note(_ entry: AccessEntry, of owner: Owner, at now: Timestamp) {
        state.withLock { state in
            if entry.action == .use, entry.outcome == AccessEntry.done {
                var use = Usage()
                (use.count, use.lastUsedAt, use.workflow) = (1, now, entry.accessor.workflow)
                state.owners[owner, default: Pending()].uses[entry.secret, default: Usage()].add(use)
            }
            if state.owners[owner]?.rows[entry] == nil {
                guard state.rows < Self.rowsMax else { return state.dropped += 1 }
                state.rows += 1
            }
            state.owners[owner, default: Pending()].rows[entry, default: Row(count: 0, at: now)].count += 1
            state.owners[owner]?.rows[entry]?.at = now
        }
    }

    /// Stores what was noted if a minute has passed since the last time.
    func flushIfDue(at now: Timestamp) async throws {
        let isDue = state.withLock { state in
            guard let last = state.flushedAt else {
                state.flushedAt = now
                return false
            }
            return now >= last.adding(seconds: Self.seconds) || state.rows > Self.rowsManyMin
        }
        if isDue { try await flush(at: now) }
    }

    /// Stores what was noted. What could not be stored is tried again the next time.
    func flush(at now: Timestamp) async throws {
        guard var left = begin(at: now) else { return }
        defer { end(left) }
        while !left.isEmpty {
            let owners = Self.chunk(of: left)
            let pending = owners.map { left[$0] ?? Pending() }
            let parts = Dictionary(zip(owners, pending), uniquingKeysWith: { $1 })
            try await OwnedRecords.change(owners, in: storage) { records, changes in
                if let pending = parts[records.owner] { try await store(pending, in: records, at: now, into: &changes) }
            }
            for owner in owners {
                indexes.touch(owner, parts[owner]?.uses.keys.map { .usage($0) } ?? [])
                left[owner] = nil
            }
        }
    }

    private func begin(at now: Timestamp) -> [Owner: Pending]? {
        let (taken, dropped) = state.withLock { state -> ([Owner: Pending]?, Int) in
            guard !state.isFlushing else { return (nil, 0) }
            state.isFlushing = true
            state.flushedAt = now
            defer { (state.owners, state.rows, state.dropped) = ([:], 0, 0) }
            return (state.owners, state.dropped)
        }
        if dropped > 0 {
            logger.warning(
                "too many different uses within a minute: some are counted and in the audit log, and not in access logs",
                metadata: ["count": "\(dropped)"])
        }
        return taken
    }

    private func end(_ left: [Owner: Pending]) {
        state.withLock { state in
            state.isFlushing = false
            for (owner, pending) in left {
                for (id, uses) in pending.uses {
                    var all = uses
                    if let newer = state.owners[owner]?.uses[id] { all.add(newer) }
                    state.owners[owner, default: Pending()].uses[id] = all
                }
                for (entry, row) in pending.rows where state.rows < Self.rowsMax {
                    if state.owners[owner]?.rows[entry] == nil { state.rows += 1 }
                    state.owners[owner, default: Pending()].rows[entry, default: Row(count: 0, at: row.at)].count += row.count
                }
            }
        }
    }

    /// Returns owners whose records fit into one batch, at least one of them.
    private static func chunk(of pending: [Owner: Pending]) -> [Owner] {
        var (owners, records): ([Owner], Int) = ([], 0)
        for (owner, pending) in pending {
            records += pending.uses.count + pending.rows.count / AccessRecord.rowsMax + 2
            if !owners.isEmpty, records > recordsMax || owners.count == ownersMax { break }
            owners.append(owner)
        }
        return owners
    }

    /// Adds the records of one owner to a batch. An owner who was deleted meanwhile gets none.
    private func store(
        _ pending: Pending, in records: OwnedRecords, at now: Timestamp, into changes: inout OwnedRecords.Changes
    ) async throws {
        guard let keys = try await records.find(.keys, as: OwnerKeys.self), !keys.value.isDeleting else { return }
        changes.check(.keys, keys.unchanged)
        for (id, uses) in pending.uses {
            guard var found = try await records.find(.usage(id), as: Usage.self) else { continue }
            found.value.add(uses)
            changes.put(.usage(id), found.value, if: found.unchanged)
        }
        let rows = pending.rows.map { AccessRecord.Row(entry: $0.key, at: $0.value.at, count: $0.value.count) }
            .sorted { $0.at > $1.at }
        for start in stride(from: 0, to: rows.count, by: AccessRecord.rowsMax) {
            let part = AccessRecord(Array(rows[start..<min(start + AccessRecord.rowsMax, rows.count)]))
            changes.put(.access(AccessName(at: now, randomness: randomness)), part, if: .absent)
        }
    }
}
