import Logging

/// Connects a logger to the stream.
struct StreamLogHandler: LogHandler {
    private let label: String
    private let stream: LogStream
    private var ownLevel: Logger.Level?
    var metadata: Logger.Metadata = [:]

    init(label: String, stream: LogStream) {
        self.label = label
        self.stream = stream
    }

    /// The level of the stream, unless one was set for this logger.
    var logLevel: Logger.Level {
        get { ownLevel ?? stream.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
        stream.write(level: event.level, logger: label, message: event.message.description, metadata: all)
    }
}
