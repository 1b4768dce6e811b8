import EngineKit
import Synchronization

/// Holds requests off while secrets of version 1 are carried over; open at once when there are none.
final class UpgradeGate: Sendable {
    private enum Outcome: Sendable {
        case ended
        case failed(any Error)
        case takesLong
    }

    private struct State {
        var isRunning = false
        var waiting: [Int: CheckedContinuation<Outcome, Never>] = [:]
        var count = 0
    }

    private let isOpen = Atomic(false)
    private let state = Mutex(State())
    private let secrets: VersionedSecrets
    /// So long a request waits for a run before it is told to come again.
    private let secondsMax: Int

    /// What others still wrote as version 1 while a run was under way takes another one.
    private static let runsMax = 3

    init(_ secrets: VersionedSecrets, secondsMax: Int) {
        self.secrets = secrets
        self.secondsMax = secondsMax
    }

    /// Begins without being asked, when the mount is turned to version 2 or opened. What goes wrong is told to whoever asks.
    func begin() {
        guard start() else { return }
        Task { await run() }
    }

    func pass() async throws {
        if isOpen.load(ordering: .acquiring) { return }
        for _ in 0..<Self.runsMax {
            if try await secrets.storage.list(Listing(prefix: RecordKey.plain, limit: 1)).isEmpty {
                // An empty listing shows that no run has work left, whoever did it.
                return isOpen.store(true, ordering: .releasing)
            }
            begin()
            switch await end() {
            case .ended: continue
            case .failed(let error): throw error
            case .takesLong: throw Self.upgrading
            }
        }
        throw Self.upgrading
    }

    private static let upgrading = CofferError.invalid(
        "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will "
            + "resume service shortly.")

    /// False when one is under way already.
    private func start() -> Bool {
        state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
    }

    private func run() async {
        var outcome = Outcome.ended
        do { try await KVUpgrade.run(secrets) } catch { outcome = .failed(error) }
        let waiting = state.withLock { state in
            state.isRunning = false
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// Of the run that is under way.
    private func end() async -> Outcome {
        await withCheckedContinuation { continuation in
            let number = state.withLock { state -> Int? in
                guard state.isRunning else { return nil }
                state.count += 1
                state.waiting[state.count] = continuation
                return state.count
            }
            guard let number else { return continuation.resume(returning: .ended) }
            Task {
                try? await Task.sleep(for: .seconds(secondsMax))
                state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: .takesLong)
            }
        }
    }
}
