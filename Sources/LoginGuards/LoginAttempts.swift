package import EngineKit
import Synchronization

/// Holds guesses at one name to its lock, however many come at once: no more run together than may still fail.
///
/// A guess counts against the lock from its start, so a thousand at the same moment are worth five, too.
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

    /// Of all names together.
    private static let waitingMax = 256

    package static let busy = CofferError(.rateLimited, "too many logins at once; retry in a moment")

    package init(_ lockouts: Lockouts) { self.lockouts = lockouts }

    /// Runs the attempt when its turn has come; throws ``CofferError/denied`` for a locked name.
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

    /// How many run now, this one included.
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

    /// Waits until another is done. Returns at once when there is no other: then it is this one's turn.
    private func stepBack(_ name: String) async throws {
        let mayWait = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            let (verdict, woken) = state.withLock { state -> (Bool?, [CheckedContinuation<Bool, Never>]) in
                state.lines[name]?.running -= 1
                guard let line = state.lines[name], line.running > 0 else {
                    // Those who wait stepped back for this one, and nobody is left to wake them.
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
