import EngineKit
import Synchronization

/// Makes requests wait while secrets of version 1 are moved to version 2. It is open at once if there are none.
final class UpgradeGate: Sendable {
    /// The result of a run.
    enum Outcome: Sendable {
        case ended
        case failed(any Error)
        /// The run takes longer than requests wait.
        case takesLong
    }

    private struct State {
        /// The number of the current run, or of the last one.
        var run = 0
        var isRunning = false
        /// The result of the last run, or that the current one takes too long.
        var outcome = Outcome.ended
        var waiting: [CheckedContinuation<Outcome, Never>] = []
    }

    private let isOpen = Atomic(false)
    private let state = Mutex(State())
    private let secrets: VersionedSecrets
    /// How long requests wait for a run before they are refused.
    private let secondsMax: Int

    /// The number of requests that may wait. Others are refused at once.
    static let waitingMax = 1_024

    /// How many runs a request waits for. A further run is needed if another node wrote secrets of version 1 during the
    /// last one.
    private static let runsMax = 3

    init(_ secrets: VersionedSecrets, secondsMax: Int) {
        self.secrets = secrets
        self.secondsMax = secondsMax
    }

    /// Starts a run when the mount is opened or upgraded. Its errors are reported to the requests that wait.
    func begin() {
        guard let number = start() else { return }
        Task { await run(number) }
    }

    /// Returns when all secrets are moved. Throws if that fails or takes too long.
    func pass() async throws {
        if isOpen.load(ordering: .acquiring) { return }
        for _ in 0..<Self.runsMax {
            if try await secrets.storage.list(Listing(prefix: RecordKey.plain, limit: 1)).isEmpty {
                // An empty listing shows that there is nothing left to move, whoever moved it.
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

    /// Returns the number of a new run, or nil if one is under way.
    func start() -> Int? {
        state.withLock { state in
            guard !state.isRunning else { return nil }
            state.run += 1
            state.isRunning = true
            state.outcome = .ended
            return state.run
        }
    }

    /// Moves all secrets and reports the outcome of this run.
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
            // The run ended just before the timer fired.
            guard state.run == number, state.isRunning else { return [] }
            state.isRunning = !isOver
            state.outcome = outcome
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// Waits for the run that is under way and returns its outcome, or that of the last one if there is none.
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
