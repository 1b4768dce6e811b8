/// The result of verifying an audit file.
package struct AuditVerdict: Sendable, Hashable {
    /// The first evidence that the file was changed.
    package struct Finding: Sendable, Hashable {
        /// What is wrong. The raw values are messages.
        package enum Reason: String, Sendable, CaseIterable {
            case empty = "the file holds no lines"
            case torn = "the last line is incomplete"
            case malformed = "not a line of an audit file"
            case changed = "the line was changed"
            case missing = "lines before this one are missing"
            case outOfOrder = "the line is repeated or out of order"
            case unlinked = "the line does not follow the one before"
            case misplaced = "a segment does not begin where it should"
            case recordedBreak = "the server recorded that it found the file damaged"
            case replaced = "the line differs from the one in the checkpoint"
            case cutOff = "lines after this one are missing"
        }

        /// The line, counted from 1. For ``Reason/cutOff`` and ``Reason/empty`` it is the last line of the file.
        package var line: Int
        /// What is wrong.
        package var reason: Reason
    }

    /// Why a part of the file can be shown neither to be intact nor to be changed.
    package struct Doubt: Sendable, Hashable {
        /// The cause of the doubt. The raw values are messages.
        package enum Reason: String, Sendable, CaseIterable {
            case noKey = "the key of the segment is not available"
            case otherDevice = "written by another audit device"
            case torn = "the copy ends inside a line"
            case olderThanKeys = "the copy is older than the keys, or lines were cut off its end"
            case openEnd = "the file does not end with an end line, and no checkpoint confirms its end"
        }

        /// The first line in doubt, or the last line of the file. Counted from 1.
        package var line: Int
        /// The cause of the doubt.
        package var reason: Reason
        /// The id of the segment, for ``Reason/noKey``.
        package var segment: String?
        /// The accessor of the device named in the file, for ``Reason/otherDevice``.
        package var device: String?
    }

    /// The result in one word. A finding takes precedence over a doubt.
    package enum Outcome: String, Sendable, CaseIterable {
        case intact, unprovable, changed
    }

    /// The first evidence that the file was changed, if there is any.
    package var finding: Finding?
    /// The first doubt, if there is one.
    package var doubt: Doubt?
    /// The number of lines that were read.
    package var lines = 0
    /// The sequence number of the first verified line.
    package var firstSequence: UInt64?
    /// The sequence number of the last verified line.
    package var lastSequence: UInt64?
    /// The number of verified segments.
    package var segments = 0
    /// The number of incomplete lines that the server removed and recorded. The requests of such lines were never answered.
    package var repairs = 0
    /// Whether the last line is an `end` line, after which the file must not continue.
    package var isEnded = false
    /// Whether the end was compared with a checkpoint. Without one, it is not noticed if lines were cut off a file that has no
    /// `end` line.
    package var isCheckpointed = false
    /// The number of lines whose keys were not available, including those of the live segment. Only their position was checked.
    package var unverifiedLines = 0

    /// The result in one word.
    package var outcome: Outcome {
        if finding != nil { return .changed }
        return doubt == nil ? .intact : .unprovable
    }

    /// Whether the file was shown to be intact.
    package var isIntact: Bool { outcome == .intact }
}
