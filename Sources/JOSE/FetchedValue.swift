package import EngineKit
import Synchronization

/// A value that another server has, such as the keys of an identity provider: fetched when it is needed, and kept for a time.
///
/// - A value that is younger than ``FetchedValues/freshSeconds`` is used without asking. An older one is used until
///   ``FetchedValues/keptSeconds`` as long as the server does not answer, so that its outage is not one of the logins.
/// - ``FetchedValues/pauseSeconds`` pass between two requests, whatever callers send, and those that arrive meanwhile wait for the
///   same answer.
package final class FetchedValue<Value: Sendable>: Sendable {
    /// Fetches the value. Throws if there is none; whoever made this object logs why.
    package typealias Fetch = @Sendable () async throws -> Value

    /// A value that can be used, and when it was fetched.
    struct Known {
        var value: Value
        var fetchedAt: Timestamp
        /// Whether it can be used without asking.
        var isFresh: Bool
    }

    private struct State {
        var value: Value?
        /// When the value was fetched.
        var fetchedAt = Timestamp(seconds: 0)
        /// When the last request began.
        var askedAt: Timestamp?
        var request: Task<Void, Never>?
    }

    private let time: any TimeSource
    private let fetch: Fetch
    private let state = Mutex(State())

    /// Creates a value that `fetch` fetches.
    package init(time: any TimeSource, fetch: @escaping Fetch) {
        self.time = time
        self.fetch = fetch
    }

    /// Returns the value, after asking for it if there is none or it is no longer fresh; nil if there is none to use.
    package func current() async -> Value? {
        if let known = known(), known.isFresh || isAsking { return known.value }
        await ask()
        return known()?.value
    }

    /// Whether a request is under way.
    var isAsking: Bool { state.withLock { $0.request != nil } }

    /// Returns the value that is known, unless it is too old to be used even if the server does not answer.
    func known() -> Known? {
        let now = time.now()
        return state.withLock { state in
            guard let value = state.value, now < state.fetchedAt.adding(seconds: FetchedValues.keptSeconds) else { return nil }
            let isFresh = now < state.fetchedAt.adding(seconds: FetchedValues.freshSeconds)
            return Known(value: value, fetchedAt: state.fetchedAt, isFresh: isFresh)
        }
    }

    /// Asks for the value, or waits for a request that is under way. Does nothing shortly after the last request.
    func ask() async {
        let now = time.now()
        let request = state.withLock { state -> Task<Void, Never>? in
            if let request = state.request { return request }
            if let last = state.askedAt, now < last.adding(seconds: FetchedValues.pauseSeconds) { return nil }
            state.askedAt = now
            // A task that no caller owns: the one that began it may leave, and others wait for it.
            let request = Task.detached { await self.fetchOnce() }
            state.request = request
            return request
        }
        await request?.value
    }

    private func fetchOnce() async {
        let value = try? await fetch()
        let now = time.now()
        state.withLock { state in
            state.request = nil
            guard let value else { return }
            state.value = value
            state.fetchedAt = now
        }
    }
}

/// The times of ``FetchedValue``, in seconds.
package enum FetchedValues {
    /// A value that is younger is used without asking.
    package static let freshSeconds = 600
    /// A value that is older is not used, even if the server does not answer.
    package static let keptSeconds = 6 * 3_600
    /// The least time between two requests.
    package static let pauseSeconds = 10
}
