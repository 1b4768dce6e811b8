package import EngineKit
import LoginGuards
import Synchronization

/// Lets so many hashes run at once; so many more wait in order, and the rest is refused.
///
/// A hash takes 32 MiB and a core, so without this a flood of logins would take all of both.
package final class PasswordHashLimiter: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let runningMax: Int
    private let waitingMax: Int
    private let state = Mutex(State())

    package init(runningMax: Int, waitingMax: Int = 64) {
        self.runningMax = runningMax
        self.waitingMax = waitingMax
    }

    package static let busy = LoginAttempts.busy

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

    /// The place goes to the first who waits.
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
