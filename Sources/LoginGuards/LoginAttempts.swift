package import EngineKit
import Synchronization

/// Limits the simultaneous logins to one name, so that they cannot evade ``Lockouts``: no more logins run at the same time
/// than may fail before the name is locked.
///
/// A login counts from its start, so that a thousand simultaneous guesses have no advantage.
package final class LoginAttempts: Sendable {
    private struct Line {
        var running = 0
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private struct State {
        var lines: [String: Line] = [:]
        var waitingCount = 0
    }

    private let lockouts: Lockouts
    private let state = Mutex(State())

    /// The limit on waiting logins to all names together.
    private static let waitingMax = 256

    /// The refusal of a login for which there is no room to wait.
    package static let busy = CofferError(.rateLimited, "too many logins at once; retry in a moment")

    /// Creates the bounds for the names that `lockouts` counts.
    package init(_ lockouts: Lockouts) { self.lockouts = lockouts }

    /// Runs the login when its turn has come.
    ///
    /// - Throws: ``CofferError/denied`` if the name is locked; ``busy`` if too many logins wait; what `body` throws.
    package func run<Result>(_ name: String, _ body: () async throws -> Result) async throws -> Result {
        guard !lockouts.rules.isDisabled else { return try await body() }
        while true {
            let place = enter(name)
            let failures: Int
            do {
                failures = try await lockouts.failures(name)
                guard failures < lockouts.rules.threshold else { throw CofferError.denied }
            } catch {
                leave(name)
                throw error
            }
            if failures + place <= lockouts.rules.threshold {
                defer { leave(name) }
                return try await body()
            }
            try await stepBack(name)
        }
    }

    /// Returns how many logins to the name run now, including this one.
    private func enter(_ name: String) -> Int {
        state.withLock { state in
            state.lines[name, default: Line()].running += 1
            return state.lines[name]?.running ?? 1
        }
    }

    private func leave(_ name: String) {
        let waiting = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            let waiting = state.lines[name]?.waiting ?? []
            state.waitingCount -= waiting.count
            state.lines[name]?.waiting = []
            state.lines[name]?.running -= 1
            if state.lines[name]?.running == 0 { state.lines[name] = nil }
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: true) }
    }

    /// Waits until another login to the name has ended. Returns at once if there is none.
    private func stepBack(_ name: String) async throws {
        let mayWait = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            let (verdict, woken) = state.withLock { state -> (Bool?, [CheckedContinuation<Bool, Never>]) in
                state.lines[name]?.running -= 1
                guard let line = state.lines[name], line.running > 0 else {
                    // The waiting logins gave way to this one, so nothing else would wake them.
                    let waiting = state.lines[name]?.waiting ?? []
                    state.waitingCount -= waiting.count
                    state.lines[name] = nil
                    return (true, waiting)
                }
                guard state.waitingCount < Self.waitingMax else { return (false, []) }
                state.lines[name]?.waiting.append(continuation)
                state.waitingCount += 1
                return (nil, [])
            }
            for waiting in woken { waiting.resume(returning: true) }
            if let verdict { continuation.resume(returning: verdict) }
        }
        guard mayWait else { throw Self.busy }
    }
}
