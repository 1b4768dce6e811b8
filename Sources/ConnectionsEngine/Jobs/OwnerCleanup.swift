import EngineKit
import Logging
import Synchronization

/// Finishes deletions of owners that were interrupted. It runs apart from the other background work, since revoking tokens at
/// providers may take long.
final class OwnerCleanup: Sendable {
    private let work = Mutex<Task<Void, Never>?>(nil)

    private static let ownersMax = 100

    /// Starts a run unless one is in progress.
    func begin(for engine: ConnectionsEngine) {
        work.withLock { work in
            guard work == nil else { return }
            work = Task.detached { [self] in
                await run(engine)
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

    private func run(_ engine: ConnectionsEngine) async {
        let requestID = engine.randomness.uuid()
        do {
            for name in try await engine.store.storage.list(Listing(prefix: ConnectionStore.Key.deletions, limit: Self.ownersMax)) {
                if let owner = try? Owner(name) { try await finishDeletion(of: owner, in: engine) }
            }
        } catch {
            guard !Task.isCancelled else { return }
            engine.logger.warning(
                "finishing interrupted deletions of owners failed; it is retried within a minute",
                metadata: ["request_id": "\(requestID)", "kind": "\(type(of: error))"])
        }
    }

    private func finishDeletion(of owner: Owner, in engine: ConnectionsEngine) async throws {
        let author = Author(name: "background-cleanup", requestID: engine.randomness.uuid())
        func act(_ step: ServerAct.Step) -> ServerAct {
            ServerAct(id: author.requestID, actor: author.name, operation: .delete, path: "owners/\(owner)", step: step)
        }
        try await engine.refresher.record(act(.begun))
        do {
            _ = try await engine.remove(owner, by: author)
        } catch {
            try await engine.refresher.record(act(.ended(error: CofferError(wrapping: error).code.rawValue)))
            throw error
        }
        try await engine.refresher.record(act(.ended(error: nil)))
    }
}
