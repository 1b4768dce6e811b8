import EngineKit
import Synchronization

/// How many people are on their way to providers, all engines' together: counted when the abandoned ones are swept up, and
/// up from there.
final class PendingCount: Sendable {
    private let count = Mutex(0)

    func mayAddOne() -> Bool {
        count.withLock { count in
            guard count < ConnectionRoutes.pendingOfAllMax else { return false }
            count += 1
            return true
        }
    }

    func set(_ counted: Int) { count.withLock { $0 = counted } }
}

/// Deletes what is left of people who never came back.
struct PendingSweep: Sendable {
    let routes: ConnectionRoutes

    /// Between two sweeps: rounds begin once a second.
    static let seconds = 60
    private static let pageSize = 1_000

    func run() async throws {
        var after: String?
        var count = 0
        while true {
            let names = try await routes.store.storage.list(
                Listing(prefix: ConnectState.all, after: after, limit: Self.pageSize, isRecursive: true))
            var batch = Batch()
            for name in names {
                // A name that is none of today's is of an older version, and ten minutes old by now.
                let isOver = ConnectState.end(name).map { $0 < routes.now } ?? true
                if isOver { batch.delete(ConnectState.all + name) } else { count += 1 }
            }
            if !batch.isEmpty { try await routes.store.storage.commit(batch) }
            guard names.count == Self.pageSize else { break }
            after = names.last
            try Task.checkCancellation()
        }
        routes.pendingCount.set(count)
    }
}
