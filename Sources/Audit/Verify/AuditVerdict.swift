/// What a verifier found.
package struct AuditVerdict: Sendable, Hashable {
    /// The first thing that is wrong.
    package struct Finding: Sendable, Hashable {
        package enum Reason: String, Sendable, CaseIterable {
            case empty = "the file holds no lines"
            case torn = "the last line is incomplete"
            case malformed = "not a line of an audit file"
            case changed = "the line was changed"
            case missing = "lines before this one are missing"
            case outOfOrder = "the line is repeated or out of order"
            case unlinked = "the line does not follow the one before"
            case misplaced = "a segment does not begin where it should"
            case recordedBreak = "the server itself found the file damaged when it opened it"
            case replaced = "not the line that the checkpoint knows"
            case cutOff = "lines after this one are missing"
        }

        /// From 1. For ``Reason/cutOff`` and ``Reason/empty`` the last line that is there.
        package var line: Int
        package var reason: Reason
    }

    /// Why the rest can be neither confirmed nor called changed.
    package struct Doubt: Sendable, Hashable {
        package enum Reason: String, Sendable, CaseIterable {
            case noKey = "no key for the segment"
            case otherDevice = "written by another audit device"
            case torn = "the copy ends inside a line"
            case olderThanKeys = "the copy is older than the keys, or lines were cut off its end"
            case openEnd = "the file was not closed in good order, and its end is in no checkpoint"
        }

        /// From 1: the first line that is in doubt, or the last one that is there.
        package var line: Int
        package var reason: Reason
        /// For ``Reason/noKey``.
        package var segment: String?
        /// For ``Reason/otherDevice``: the accessor that the file names.
        package var device: String?
    }

    /// What the file was shown to be. A change outweighs a doubt.
    package enum Outcome: String, Sendable, CaseIterable {
        case intact, unprovable, changed
    }

    package var finding: Finding?
    package var doubt: Doubt?
    package var lines = 0
    package var firstSequence: UInt64?
    package var lastSequence: UInt64?
    package var segments = 0
    /// Torn lines that the server cut away and recorded; such a line was never acknowledged.
    package var repairs = 0
    /// The last line is an `end`, so the file was closed in good order and nothing follows in it.
    package var isEnded = false
    /// The end was compared with a checkpoint. Otherwise lines cut off a file without `end` stay unseen.
    package var isCheckpointed = false
    /// Lines of segments whose keys are not at hand, the live one among them. Only their frame was checked.
    package var unverifiedLines = 0

    package var outcome: Outcome {
        if finding != nil { return .changed }
        return doubt == nil ? .intact : .unprovable
    }

    package var isIntact: Bool { outcome == .intact }
}
