package import EngineKit
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualTime: TimeSource {
    private let time: Mutex<Timestamp>

    package init(_ start: Timestamp = Timestamp(seconds: 1_700_000_000)) { time = Mutex(start) }

    package func now() -> Timestamp { time.withLock { $0 } }

    package func advance(seconds: Int) { time.withLock { $0 = $0.adding(seconds: seconds) } }

    package func set(_ moment: Timestamp) { time.withLock { $0 = moment } }
}
