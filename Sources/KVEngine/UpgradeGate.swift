import EngineKit
import Synchronization

/// Holds requests off while secrets of version 1 are carried over; open at once when there are none.
final class UpgradeGate: Sendable {
    private struct State {
        var running: Task<Void, Never>?
        /// Of a run that stopped half-way; told to one caller, then tried again.
        var failure: (any Error)?
    }

    private let isOpen = Atomic(false)
    private let state = Mutex(State())
    private let secrets: VersionedSecrets

    init(_ secrets: VersionedSecrets) { self.secrets = secrets }

    func pass() async throws {
        if isOpen.load(ordering: .acquiring) { return }
        if try await secrets.storage.list(Listing(prefix: RecordKey.plain, limit: 1)).isEmpty {
            // An empty listing shows that no run has work left, whoever did it.
            isOpen.store(true, ordering: .releasing)
            return
        }
        if let failure = start() { throw failure }
        throw CofferError.invalid(
            "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will "
                + "resume service shortly.")
    }

    /// Starts a run unless there is one; only one is under way at a time.
    private func start() -> (any Error)? {
        state.withLock { state in
            if let failure = state.failure {
                state.failure = nil
                return failure
            }
            if state.running == nil { state.running = Task { await self.run() } }
            return nil
        }
    }

    private func run() async {
        var failure: (any Error)?
        do { try await KVUpgrade.run(secrets) } catch { failure = error }
        state.withLock { [failure] state in
            state.running = nil
            state.failure = failure
        }
    }
}
