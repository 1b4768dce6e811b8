import Syntax

/// The id of a user, as one segment of a path and as part of a policy's path.
///
/// In a policy's path `+` stands for any segment, and a final `*` for any rest, so an id with such a character could name
/// somebody else's secrets. Only characters without a meaning there are accepted, which the ids of all platforms have.
struct UserName: Sendable, Hashable {
    let text: String

    private static let bytesMax = 255
    private static let others = Set("-_.:@|=~".utf8)

    /// Returns nil if the id cannot be that of a user.
    init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count), text != ".", text != "..",
            text.utf8.allSatisfy({ $0.isASCIILetterOrDigit || Self.others.contains($0) })
        else { return nil }
        self.text = text
    }

    /// The id as a segment of a percent-encoded path.
    var segment: String { PercentEncoding.segment(text) }
}
