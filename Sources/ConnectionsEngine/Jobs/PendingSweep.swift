import EngineKit
import Synchronization

/// The number of pending connects of a mount. It is counted exactly by each ``PendingSweep``, and estimated from there upwards.
final class PendingCount: Sendable {
    private let count = Mutex(0)

    /// Counts one more if the limit allows it, and returns whether it does.
    func mayAddOne() -> Bool {
        count.withLock { count in
            guard count < ConnectionsEngine.pendingOfAllMax else { return false }
            count += 1
            return true
        }
    }

    /// Sets the exact number.
    func set(_ counted: Int) { count.withLock { $0 = counted } }
}

/// Deletes connects that were begun and never completed.
struct PendingSweep: Sendable {
    let engine: ConnectionsEngine

    /// The time between two sweeps, which is also the number of rounds between them, since a round begins every second.
    static let seconds = 60
    private static let pageSize = 1_000

    /// Deletes the expired records and counts the others.
    func run() async throws {
        var after: String?
        var count = 0
        while true {
            let names = try await engine.store.storage.list(
                Listing(prefix: ConnectState.keyPrefix, after: after, limit: Self.pageSize, isRecursive: true))
            var batch = Batch()
            for name in names {
                // A name of another form was written by an older version, and has expired by now.
                let hasExpired = ConnectState.expiry(ofName: name).map { $0 < engine.now } ?? true
                if hasExpired { batch.delete(ConnectState.keyPrefix + name) } else { count += 1 }
            }
            if !batch.isEmpty { try await engine.store.storage.commit(batch) }
            guard names.count == Self.pageSize else { break }
            after = names.last
            try Task.checkCancellation()
        }
        engine.pendingCount.set(count)
    }
}
