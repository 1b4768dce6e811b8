package import Logging
import Synchronization

/// Keeps the messages that are logged, from a level on.
package final class CollectedLog: Sendable {
    private let kept = Mutex<[(message: String, whole: String)]>([])
    private let level: Logger.Level

    package init(from level: Logger.Level = .trace) { self.level = level }

    package var lines: [String] { kept.withLock { $0.map(\.message) } }
    /// The messages with their metadata, such as `a login failed reason=busy times=2`.
    package var wholeLines: [String] { kept.withLock { $0.map(\.whole) } }
    package var logger: Logger { Logger(label: "test") { _ in Handler(log: self, logLevel: level) } }

    private struct Handler: LogHandler {
        let log: CollectedLog
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level

        init(log: CollectedLog, logLevel: Logger.Level) {
            self.log = log
            self.logLevel = logLevel
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let pairs = (event.metadata ?? [:]).merging(metadata) { $1 }.sorted { $0.key < $1.key }
            let whole = ([event.message.description] + pairs.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
            log.kept.withLock { $0.append((event.message.description, whole)) }
        }
    }
}
