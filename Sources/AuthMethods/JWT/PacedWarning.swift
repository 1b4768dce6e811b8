import EngineKit
import Logging
import Synchronization

/// A warning about what anybody can send, which is logged once a minute at most, so that strangers cannot fill the log.
final class PacedWarning: Sendable {
    private let message: Logger.Message
    private let state = Mutex(State())

    private struct State {
        var next = Timestamp(seconds: 0)
        /// The warnings since the last line.
        var left = 0
    }

    private static let seconds = 60

    init(_ message: Logger.Message) { self.message = message }

    /// Logs the warning, with the number of those that were left out since the last line.
    func log(to logger: Logger, at now: Timestamp, _ metadata: Logger.Metadata) {
        let left = state.withLock { state -> Int? in
            guard now >= state.next else {
                state.left += 1
                return nil
            }
            defer { state = State(next: now.adding(seconds: Self.seconds)) }
            return state.left
        }
        guard let left else { return }
        logger.warning(message, metadata: metadata.merging(["left_out": "\(left)"]) { $1 })
    }
}
