import EngineKit
import Synchronization

/// Holds requests off while secrets of version 1 are carried over; open at once when there are none.
final class UpgradeGate: Sendable {
    enum Outcome: Sendable {
        case ended
        case failed(any Error)
        case takesLong
    }

    private struct State {
        /// Of the run under way, or of the last one.
        var run = 0
        var isRunning = false
        /// Of the last run, and of the run under way once its time is up: what whoever asks now is told.
        var outcome = Outcome.ended
        var waiting: [CheckedContinuation<Outcome, Never>] = []
    }

    private let isOpen = Atomic(false)
    private let state = Mutex(State())
    private let secrets: VersionedSecrets
    /// So long requests wait for a run before they are told to come again.
    private let secondsMax: Int

    /// Further ones are told to come again at once.
    static let waitingMax = 1_024

    /// What others still wrote as version 1 while a run was under way takes another one.
    private static let runsMax = 3

    init(_ secrets: VersionedSecrets, secondsMax: Int) {
        self.secrets = secrets
        self.secondsMax = secondsMax
    }

    /// Begins without being asked, when the mount is turned to version 2 or opened. What goes wrong is told to whoever asks.
    func begin() {
        guard let number = start() else { return }
        Task { await run(number) }
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

    /// The number of the run; nil when one is under way already.
    func start() -> Int? {
        state.withLock { state in
            guard !state.isRunning else { return nil }
            state.run += 1
            state.isRunning = true
            state.outcome = .ended
            return state.run
        }
    }

    func run(_ number: Int) async {
        let timer = Task {
            do { try await Task.sleep(for: .seconds(secondsMax)) } catch { return }
            tell(.takesLong, of: number, isOver: false)
        }
        var outcome = Outcome.ended
        do { try await KVUpgrade.run(secrets) } catch { outcome = .failed(error) }
        timer.cancel()
        tell(outcome, of: number, isOver: true)
    }

    private func tell(_ outcome: Outcome, of number: Int, isOver: Bool) {
        let waiting = state.withLock { state -> [CheckedContinuation<Outcome, Never>] in
            // A timer that rang as its run ended.
            guard state.run == number, state.isRunning else { return [] }
            state.isRunning = !isOver
            state.outcome = outcome
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// What became of the run that is under way, or of the last one when it is over already.
    func end() async -> Outcome {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Outcome? in
                if !state.isRunning { return state.outcome }
                if case .takesLong = state.outcome { return .takesLong }
                guard state.waiting.count < Self.waitingMax else { return .takesLong }
                state.waiting.append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
