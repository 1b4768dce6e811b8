/// A set of paths: those with a given number of segments, or those with more.
///
/// Of two vectors with the same number of segments, an ACL always considers the narrower one more specific. That is not so
/// for different numbers: `+/*` counts as more specific than `+/+/x/*`, although it is wider.
struct PatternVector: Sendable, Hashable {
    var segments: [SegmentPattern]
    /// Whether the paths have at least one more segment. It may be empty, which is the folder itself.
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

    /// The path of a policy rule.
    var rulePath: String { segments.map(\.rulePath).joined(separator: "/") + (isOpen ? "/*" : "") }

    var hasPartialSegments: Bool { segments.contains(where: \.isPartial) }
}
