import EngineKit
import Synchronization

/// Stops asking a provider that does not answer: after five failures in a row for a minute, then with one call at a time.
final class CircuitBreaker: Sendable {
    private struct State {
        var failures = 0
        var openUntil = 0
    }

    static let threshold = 5
    static let openSeconds = 60
    /// A single call is on trial for as long.
    static let trialSeconds = 15
    private static let platformsMax = 4_096

    private let states = Mutex<[String: State]>([:])

    /// nil when it may be asked; else the seconds until then. Being let through when it was open is a trial.
    func wait(_ platform: String, at now: Int) -> Int? {
        states.withLock { states in
            guard var state = states[platform], state.failures >= Self.threshold else { return nil }
            guard now >= state.openUntil else { return state.openUntil - now }
            state.openUntil = now + Self.trialSeconds
            states[platform] = state
            return nil
        }
    }

    /// Whether it is open now; asking changes nothing.
    func isOpen(_ platform: String, at now: Int) -> Bool {
        states.withLock { states in
            guard let state = states[platform] else { return false }
            return state.failures >= Self.threshold && now < state.openUntil
        }
    }

    func succeeded(_ platform: String) { _ = states.withLock { $0.removeValue(forKey: platform) } }

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

/// When to try a broken connection again: 30 s, doubling to an hour, with jitter, for four days.
enum Backoff {
    static let first = 30
    static let longest = 3_600
    static let patience = 4 * 86_400
    /// After an answer that was lost: where a provider takes a refresh token again, it is for a short time.
    static let inDoubt = 5

    /// Seconds; `failures` counts from 1.
    static func delay(failures: Int, randomness: any Randomness) -> Int {
        let doubled = min(first << min(max(failures - 1, 0), 10), longest)
        let random = randomness.bytes(2)
        // A fifth more or less, so that what failed together does not come back together.
        let spread = doubled * 2 / 5
        return doubled - spread / 2 + (Int(random[0]) << 8 | Int(random[1])) % (spread + 1)
    }
}
