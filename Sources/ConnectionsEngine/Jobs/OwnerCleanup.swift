import EngineKit
import Logging
import Synchronization

/// Finishes deletions of owners that were interrupted. It runs apart from the other background work, since revoking tokens at
/// providers may take long.
final class OwnerCleanup: Sendable {
    private let routes: ConnectionRoutes
    private let work = Mutex<Task<Void, Never>?>(nil)

    private static let ownersMax = 100

    init(routes: ConnectionRoutes) { self.routes = routes }

    /// Starts a run unless one is in progress.
    func begin() {
        work.withLock { work in
            guard work == nil else { return }
            work = Task.detached { [self] in
                await run()
                self.work.withLock { $0 = nil }
            }
        }
    }

    /// Waits until the run in progress has ended.
    func waitUntilIdle() async { await work.withLock { $0 }?.value }

    /// Stops after the connection that is being destroyed, and waits until then. The next process continues.
    func finish() async {
        work.withLock { $0 }?.cancel()
        await waitUntilIdle()
    }

    private func run() async {
        let requestID = routes.randomness.uuid()
        do {
            for name in try await routes.store.storage.list(Listing(prefix: ConnectionStore.Key.deletions, limit: Self.ownersMax)) {
                if let owner = try? Owner(name) { try await finishDeletion(of: owner) }
            }
        } catch {
            guard !Task.isCancelled else { return }
            routes.logger.warning(
                "finishing interrupted deletions of owners failed; it is retried within a minute",
                metadata: ["request_id": "\(requestID)", "kind": "\(type(of: error))"])
        }
    }

    private func finishDeletion(of owner: Owner) async throws {
        let author = Author(name: "background-cleanup", requestID: routes.randomness.uuid())
        func act(_ step: ServerAct.Step) -> ServerAct {
            ServerAct(id: author.requestID, actor: author.name, operation: .delete, path: "owners/\(owner)", step: step)
        }
        try await routes.refresher.record(act(.begun))
        do {
            _ = try await routes.remove(owner, by: author)
        } catch {
            try await routes.refresher.record(act(.ended(error: CofferError(wrapping: error).code.rawValue)))
            throw error
        }
        try await routes.refresher.record(act(.ended(error: nil)))
    }
}
