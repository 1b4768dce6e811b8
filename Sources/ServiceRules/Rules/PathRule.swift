import EngineKit
import Syntax

/// Which secrets a rule is about: a project and the paths below it, segment by segment.
///
/// A rule never covers half a segment: `prod/` is not `production/`.
package struct PathRule: Sendable, Hashable {
    /// The first one is the project.
    package var segments: [SegmentPattern]
    /// The secret of just this name.
    package var coversExactly: Bool
    /// Everything below, however deep.
    package var coversBelow: Bool

    static let segmentsMax = 32

    init(segments: [SegmentPattern], exactly: Bool, below: Bool) {
        self.segments = segments
        coversExactly = exactly
        coversBelow = below
    }

    /// There is no secret that it could be about.
    package var isVoid: Bool { !coversExactly && !coversBelow }

    /// - Parameter path: The project and the path below it; the last segment is empty for a folder.
    package func matches(_ path: [Substring]) -> Bool {
        guard path.count == segments.count ? coversExactly : path.count > segments.count && coversBelow else { return false }
        return zip(segments, path).allSatisfy { $0.matches($1) }
    }
}

extension PathRule {
    /// `project:newsbot/prod/`, `common/prod/`, `project:*/prod/`: without `project:` the first segment is the project.
    package init(prefix text: String) throws(ServiceRuleError) {
        var body = text[...]
        if body.hasUTF8Prefix("project:") { body = body.dropFirstUTF8("project:".utf8.count) }
        let isFolder = body.hasUTF8Suffix("/")
        if isFolder { body = body.dropLastUTF8() }
        let segments = try Self.segments(body, allowsPartial: false)
        // Without its slash the last segment may be a secret or a folder; a project is a folder.
        self.init(segments: segments, exactly: !isFolder && segments.count > 1, below: true)
    }

    /// `secret:newsbot*:prod/*`: a `*` at the end of a segment matches the rest of it, a last segment `*` all below.
    /// Without a path, `secret:newsbot:`, or with one that ends in a slash, it is about no secret at all, unless it denies: a slip
    /// must not widen anything.
    package init(resource text: String, denies: Bool = false) throws(ServiceRuleError) {
        let parts = text.splitUTF8(at: ":", maxSplits: 2, omittingEmpty: false)
        guard parts.count == 3, parts[0] == "secret" else {
            throw ServiceRuleError("a resource is written secret:PROJECT:PATH, such as secret:newsbot:prod/*")
        }
        let project = try Self.segments(parts[1], allowsPartial: true)
        guard project.count == 1 else { throw ServiceRuleError("the project of a resource is one name") }
        var path = parts[2]
        if path == "*" || path.isEmpty {
            self.init(segments: project, exactly: false, below: !path.isEmpty || denies)
            return
        }
        let isFolder = path.hasUTF8Suffix("/")
        let isBelow = path.hasUTF8Suffix("/*") || isFolder
        if path.hasUTF8Suffix("*"), isBelow { path = path.dropLastUTF8() }
        if isBelow { path = path.dropLastUTF8() }
        let segments = try Self.segments(path, allowsPartial: true)
        self.init(segments: project + segments, exactly: !isBelow, below: isBelow && (!isFolder || denies))
    }

    private static func segments(_ text: Substring, allowsPartial: Bool) throws(ServiceRuleError) -> [SegmentPattern] {
        guard !text.isEmpty else { throw ServiceRuleError("the rule names no project") }
        let parts = text.splitUTF8(at: "/", omittingEmpty: false)
        guard parts.count <= segmentsMax else { throw ServiceRuleError("the rule has more than \(segmentsMax) segments") }
        var segments: [SegmentPattern] = []
        for part in parts { segments.append(try segment(part, allowsPartial: allowsPartial)) }
        return segments
    }

    private static func segment(_ part: Substring, allowsPartial: Bool) throws(ServiceRuleError) -> SegmentPattern {
        if part == "*" { return .any }
        let isPartial = part.hasUTF8Suffix("*")
        let literal = String(isPartial ? part.dropLastUTF8() : part)
        guard !literal.containsUTF8("*"), allowsPartial || !isPartial else {
            throw ServiceRuleError(
                allowsPartial ? "'*' may only end a segment" : "'*' must be a whole segment, such as project:*/prod/")
        }
        do throws(CanonicalPath.Refusal) {
            // `x` keeps a partial segment such as `.` from being refused, or let pass, for what it is not.
            _ = try CanonicalPath(decoded: isPartial ? literal + "x" : literal)
        } catch {
            throw ServiceRuleError(error == .empty || error == .emptySegment ? "the rule has an empty segment" : error.rawValue)
        }
        guard literal.utf8.allSatisfy({ !"?[]".utf8.contains($0) }) else {
            throw ServiceRuleError("'?' and '[…]' have no meaning here; a '*' may end a segment")
        }
        guard literal.utf8.allSatisfy({ !"+%\"\\{}$:,".utf8.contains($0) }) else {
            throw ServiceRuleError("a rule may not have the characters + % \" \\ { } $ : ,")
        }
        return isPartial ? .starting(literal) : .literal(literal)
    }
}

/// Why a text is not a rule. Names what is wrong, not the rule.
package struct ServiceRuleError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
