import EngineKit
import Synchronization

/// Counts requests in whole minutes, in the memory of this node.
final class RateLimiter: Sendable {
    /// What a request may do after it was counted.
    struct Count: Sendable, Hashable {
        /// The most requests within the minute.
        var limit: Int
        /// How many more the minute allows; negative if this one was too many.
        var remaining: Int
        /// The seconds until the minute ends.
        var seconds: Int

        var isExceeded: Bool { remaining < 0 }
    }

    private struct State {
        var minute = 0
        var counts: [String: Int] = [:]
    }

    /// The most keys that are counted. Beyond it, counting begins again for all, which takes that many users with valid tokens.
    static let keysMax = 200_000

    private let time: any TimeSource
    private let state = Mutex(State())

    init(time: any TimeSource) { self.time = time }

    /// Counts a request.
    func take(_ key: String, limit: Int) -> Count {
        let now = time.now().seconds
        let minute = now / 60
        let used = state.withLock { state in
            if state.minute != minute { state = State(minute: minute) }
            if state.counts.count >= Self.keysMax, state.counts[key] == nil { state.counts.removeAll() }
            // No further than one too many, so that what is given back is what was taken.
            let used = min(state.counts[key, default: 0], limit) + 1
            state.counts[key] = used
            return used
        }
        return Count(limit: limit, remaining: limit - used, seconds: max(1, (minute + 1) * 60 - now))
    }

    /// Takes a request back that turned out not to be the user's, so that strangers cannot use up what a user has.
    func giveBack(_ key: String) {
        state.withLock { state in
            guard let used = state.counts[key] else { return }
            state.counts[key] = used > 1 ? used - 1 : nil
        }
    }

    /// The number of keys that are counted now.
    var keysCount: Int { state.withLock { $0.counts.count } }
}
