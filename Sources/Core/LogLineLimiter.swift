import EngineKit

/// Limits log lines to a number per minute and counts the others, so that a flood of requests does not fill the disk.
struct LogLineLimiter: Sendable {
    static let linesInMinute = 60

    private var minute = 0
    private var lines = 0
    private var dropped = 0

    /// Returns nil if the line must not be written, and otherwise the number of lines that were dropped before it.
    mutating func take(at now: Timestamp) -> Int? {
        let current = now.seconds / 60
        if current != minute { (minute, lines) = (current, 0) }
        guard lines < Self.linesInMinute else {
            dropped += 1
            return nil
        }
        lines += 1
        defer { dropped = 0 }
        return dropped
    }
}
