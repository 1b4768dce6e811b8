/// What a verifier found.
package struct AuditVerdict: Sendable, Hashable {
    /// The first thing that is wrong.
    package struct Finding: Sendable, Hashable {
        package enum Reason: String, Sendable, CaseIterable {
            case empty = "the file holds no lines"
            case torn = "the last line is incomplete"
            case malformed = "not a line of an audit file"
            case unknownSegment = "sealed with a key that is not at hand"
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

    package var finding: Finding?
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
    /// Lines of the live segment, whose key the server does not give out.
    package var unverifiedLines = 0

    package var isIntact: Bool { finding == nil }
}
