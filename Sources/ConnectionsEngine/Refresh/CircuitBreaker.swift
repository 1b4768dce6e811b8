import EngineKit
import Synchronization

/// Stops calling a provider that fails: after five failures in a row for a minute, then with one trial call at a time.
final class CircuitBreaker: Sendable {
    private struct State {
        var failures = 0
        var openUntil = 0
    }

    /// Failures in a row after which the breaker opens.
    static let threshold = 5
    /// How long the breaker stays open.
    static let openSeconds = 60
    /// How long a trial call keeps other calls away.
    static let trialSeconds = 15
    private static let platformsMax = 4_096

    private let states = Mutex<[String: State]>([:])

    /// Returns nil if the platform may be called, or the seconds until it may. If the breaker was open and its time is over,
    /// the caller who gets nil makes the trial call.
    func wait(_ platform: String, at now: Int) -> Int? {
        states.withLock { states in
            guard var state = states[platform], state.failures >= Self.threshold else { return nil }
            guard now >= state.openUntil else { return state.openUntil - now }
            state.openUntil = now + Self.trialSeconds
            states[platform] = state
            return nil
        }
    }

    /// Whether the breaker is open. Unlike ``wait(_:at:)``, asking does not begin a trial.
    func isOpen(_ platform: String, at now: Int) -> Bool {
        states.withLock { states in
            guard let state = states[platform] else { return false }
            return state.failures >= Self.threshold && now < state.openUntil
        }
    }

    /// Closes the breaker after a successful call.
    func succeeded(_ platform: String) { _ = states.withLock { $0.removeValue(forKey: platform) } }

    /// Counts a failed call, which opens the breaker if there were enough in a row.
    func failed(_ platform: String, at now: Int) {
        states.withLock { states in
            if states.count >= Self.platformsMax { states.removeAll() }
            var state = states[platform] ?? State()
            state.failures += 1
            if state.failures >= Self.threshold { state.openUntil = now + Self.openSeconds }
            states[platform] = state
        }
    }
}

/// When to try a failing connection again: after 30 seconds, doubling up to an hour, with jitter, for four days. All values are
/// in seconds.
enum Backoff {
    /// The delay after the first failure.
    static let firstDelay = 30
    /// The longest delay.
    static let longestDelay = 3_600
    /// How long a connection may fail before it is given up.
    static let giveUpSeconds = 4 * 86_400
    /// The delay after an answer was lost. A provider that accepts a refresh token twice does so only for a short time.
    static let inDoubtDelay = 5

    /// Returns the seconds to wait after a number of failures in a row, which counts from 1.
    static func delay(failures: Int, randomness: any Randomness) -> Int {
        let doubled = min(firstDelay << min(max(failures - 1, 0), 10), longestDelay)
        let random = randomness.bytes(2)
        // A fifth more or less, so that connections that failed together are not retried together.
        let spread = doubled * 2 / 5
        return doubled - spread / 2 + (Int(random[0]) << 8 | Int(random[1])) % (spread + 1)
    }
}
