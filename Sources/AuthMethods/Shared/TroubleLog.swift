import EngineKit
import Logging
import Synchronization

/// Logs troubles that anybody can cause as often as they like: each with its reason once a minute, and how often it happened since.
final class TroubleLog: Sendable {
    private struct Line: Hashable {
        var message: String
        var reason: String
    }

    private struct Count {
        var loggedAt: Timestamp
        var unlogged = 0
    }

    private let logger: Logger
    private let time: any TimeSource
    private let counts = Mutex<[Line: Count]>([:])

    private static let secondsBetweenLines = 60
    /// The most kinds of trouble that are told apart. Reasons are fixed texts, so there are few.
    private static let countMax = 256

    init(_ logger: Logger, time: any TimeSource) {
        self.logger = logger
        self.time = time
    }

    /// Logs a warning, unless the same one was logged less than a minute ago.
    ///
    /// - Parameters:
    ///   - reason: One of few texts, which contains nothing that a caller sent.
    ///   - details: More about the one that is logged, which does not make it another warning.
    func warn(_ message: String, reason: String, _ details: Logger.Metadata = [:]) {
        let now = time.now()
        let times: Int? = counts.withLock { counts in
            let line = Line(message: message, reason: reason)
            if let count = counts[line], now < count.loggedAt.adding(seconds: Self.secondsBetweenLines) {
                counts[line]?.unlogged += 1
                return nil
            }
            if counts.count >= Self.countMax { counts.removeAll() }
            let times = (counts[line]?.unlogged ?? 0) + 1
            counts[line] = Count(loggedAt: now)
            return times
        }
        guard let times else { return }
        var metadata = details
        metadata["reason"] = "\(reason)"
        if times > 1 { metadata["times"] = "\(times)" }
        logger.warning("\(message)", metadata: metadata)
    }
}
