/// What a segment of a path must be.
package enum SegmentPattern: Sendable, Hashable {
    case literal(String)
    /// A segment that begins with the text; any segment if the text is empty.
    case starting(String)

    static let any = SegmentPattern.starting("")

    /// Whether a segment matches.
    package func matches(_ segment: some StringProtocol) -> Bool {
        switch self {
        case .literal(let text): segment.utf8.elementsEqual(text.utf8)
        case .starting(let text): segment.utf8.starts(with: text.utf8)
        }
    }

    /// Whether this pattern matches everything that `other` matches.
    func covers(_ other: SegmentPattern) -> Bool {
        switch (self, other) {
        case (.literal(let mine), .literal(let theirs)): mine.utf8.elementsEqual(theirs.utf8)
        case (.literal, .starting): false
        case (.starting, .literal(let theirs)): matches(theirs)
        case (.starting(let mine), .starting(let theirs)): theirs.utf8.starts(with: mine.utf8)
        }
    }

    /// Returns the pattern of the segments that both match, or nil if there are none.
    func intersection(_ other: SegmentPattern) -> SegmentPattern? {
        if covers(other) { return other }
        return other.covers(self) ? self : nil
    }

    /// The segment in the path of a policy rule.
    var rulePath: String {
        switch self {
        case .literal(let text): text
        case .starting(let text): text + "+"
        }
    }

    var isPartial: Bool {
        if case .starting(let text) = self { !text.isEmpty } else { false }
    }
}
