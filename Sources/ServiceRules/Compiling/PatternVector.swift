/// Paths with a given number of segments, or with more than it.
///
/// Among such vectors of one length a narrower one always comes before a wider one in the order in which an ACL
/// chooses, which is not so for rules of different lengths: `+/*` comes before `+/+/x/*` although it is wider.
struct PatternVector: Sendable, Hashable {
    var segments: [SegmentPattern]
    /// Has at least one segment more, which may be empty: the folder itself.
    var isOpen: Bool

    func covers(_ other: PatternVector) -> Bool {
        guard isOpen == other.isOpen, segments.count == other.segments.count else { return false }
        return zip(segments, other.segments).allSatisfy { $0.covers($1) }
    }

    func intersection(_ other: PatternVector) -> PatternVector? {
        guard isOpen == other.isOpen, segments.count == other.segments.count else { return nil }
        var result: [SegmentPattern] = []
        for (mine, theirs) in zip(segments, other.segments) {
            guard let both = mine.intersection(theirs) else { return nil }
            result.append(both)
        }
        return PatternVector(segments: result, isOpen: isOpen)
    }

    /// As the path of a policy's rule.
    var rulePath: String { segments.map(\.rulePath).joined(separator: "/") + (isOpen ? "/*" : "") }

    var hasPartialSegments: Bool { segments.contains(where: \.isPartial) }
}
