package import EngineKit
import LoginGuards
import Synchronization

/// Limits how many password hashes are computed at the same time. A limited number of others wait in order, and the rest
/// are refused.
///
/// A hash needs 32 MiB and a core, so that without a limit a flood of logins would use up both.
package final class PasswordHashLimiter: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let runningMax: Int
    private let waitingMax: Int
    private let state = Mutex(State())

    /// Creates a limiter for `runningMax` hashes at once, with at most `waitingMax` others waiting.
    package init(runningMax: Int, waitingMax: Int = 64) {
        self.runningMax = runningMax
        self.waitingMax = waitingMax
    }

    /// The refusal of a hash for which there is no room to wait.
    package static let busy = LoginAttempts.busy

    /// Runs `body` when there is room.
    ///
    /// - Throws: ``busy`` if too many wait already; what `body` throws.
    package func pass<Result>(_ body: () async throws -> Result) async throws -> Result {
        guard await enter() else { throw Self.busy }
        defer { leave() }
        return try await body()
    }

    private func enter() async -> Bool {
        await withCheckedContinuation { continuation in
            let verdict = state.withLock { state -> Bool? in
                if state.running < runningMax {
                    state.running += 1
                    return true
                }
                guard state.waiting.count < waitingMax else { return false }
                state.waiting.append(continuation)
                return nil
            }
            if let verdict { continuation.resume(returning: verdict) }
        }
    }

    /// Lets the first waiting one run.
    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: true)
    }
}
