import EngineKit

/// Allows a fixed number of log lines per minute and counts the others: what anybody can cause must not fill a disk.
struct LineBudget: Sendable {
    static let linesInMinute = 60

    private var minute = 0
    private var lines = 0
    private var dropped = 0

    /// nil when the line may not be written; else how many were not written since the last one that was.
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
