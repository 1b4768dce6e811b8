package import EngineKit
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualTime: AdjustableTime {
    private struct State {
        var now: Timestamp
        /// What the system's clock is off by, in seconds.
        var systemOffset = 0
    }

    private let state: Mutex<State>

    package init(_ start: Timestamp = Timestamp(seconds: 1_700_000_000)) { state = Mutex(State(now: start)) }

    package func now() -> Timestamp { state.withLock { $0.now } }

    package func systemNow() -> Timestamp { state.withLock { $0.now.adding(seconds: $0.systemOffset) } }

    package func advance(seconds: Int) { state.withLock { $0.now = $0.now.adding(seconds: seconds) } }

    package func set(_ moment: Timestamp) { state.withLock { $0.now = moment } }

    /// Time goes on from here, and the system's clock stays what it is.
    package func advance(to moment: Timestamp) {
        state.withLock { state in
            guard state.now < moment else { return }
            state.systemOffset -= (moment.seconds - state.now.seconds)
            state.now = moment
        }
    }

    /// Somebody sets the system's clock.
    package func setSystem(to moment: Timestamp) {
        state.withLock { $0.systemOffset = moment.seconds - $0.now.seconds }
    }
}
