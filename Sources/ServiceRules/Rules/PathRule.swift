import EngineKit
import Syntax

/// The secrets that a rule is about: a project and the paths below it, segment by segment.
///
/// A rule never covers a part of a segment: `prod/` does not cover `production/`.
package struct PathRule: Sendable, Hashable {
    /// The segments; the first one is the project.
    package var segments: [SegmentPattern]
    /// Whether the rule covers the secret with exactly this path.
    package var coversExactly: Bool
    /// Whether the rule covers everything below the path, at any depth.
    package var coversBelow: Bool

    static let segmentsMax = 32

    init(segments: [SegmentPattern], exactly: Bool, below: Bool) {
        self.segments = segments
        coversExactly = exactly
        coversBelow = below
    }

    /// Whether the rule covers no secret.
    package var isVoid: Bool { !coversExactly && !coversBelow }

    /// Whether the rule covers a path.
    ///
    /// - Parameter path: The project and the path below it. The last segment is empty for a folder.
    package func matches(_ path: [Substring]) -> Bool {
        guard path.count == segments.count ? coversExactly : path.count > segments.count && coversBelow else { return false }
        return zip(segments, path).allSatisfy { $0.matches($1) }
    }
}

extension PathRule {
    /// Reads a prefix such as `project:newsbot/prod/`, `common/prod/` or `project:*/prod/`. Without `project:`, the first
    /// segment is the project.
    package init(prefix text: String) throws(ServiceRuleError) {
        var body = text[...]
        if body.hasUTF8Prefix("project:") { body = body.dropFirstUTF8("project:".utf8.count) }
        let isFolder = body.hasUTF8Suffix("/")
        if isFolder { body = body.dropLastUTF8() }
        let segments = try Self.segments(body, allowsPartial: false)
        // Without a final slash, the last segment may be a secret or a folder. A project is a folder.
        self.init(segments: segments, exactly: !isFolder && segments.count > 1, below: true)
    }

    /// Reads a resource such as `secret:newsbot*:prod/*`. A `*` at the end of a segment matches the rest of it, and a last
    /// segment `*` matches everything below.
    ///
    /// A resource without a path, such as `secret:newsbot:`, or with a path that ends in a slash, covers no secret, so that
    /// a slip does not widen a grant. If `denies` is true, it covers everything below.
    package init(resource text: String, denies: Bool = false) throws(ServiceRuleError) {
        let parts = text.splitUTF8(at: ":", maxSplits: 2, omittingEmpty: false)
        guard parts.count == 3, parts[0] == "secret" else {
            throw ServiceRuleError("a resource has the form secret:PROJECT:PATH, such as secret:newsbot:prod/*")
        }
        let project = try Self.segments(parts[1], allowsPartial: true)
        guard project.count == 1 else { throw ServiceRuleError("the project of a resource must be one name") }
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
                allowsPartial
                    ? "'*' is allowed only at the end of a segment" : "'*' must be a whole segment, such as project:*/prod/")
        }
        do throws(CanonicalPath.Refusal) {
            // `x` completes a partial segment such as `.`, so that it is judged as a part of a name.
            _ = try CanonicalPath(decoded: isPartial ? literal + "x" : literal)
        } catch {
            throw ServiceRuleError(error == .empty || error == .emptySegment ? "the rule has an empty segment" : error.rawValue)
        }
        guard literal.utf8.allSatisfy({ !"?[]".utf8.contains($0) }) else {
            throw ServiceRuleError("'?' and '[…]' are not wildcards; use '*' at the end of a segment")
        }
        guard literal.utf8.allSatisfy({ !"+%\"\\{}$:,".utf8.contains($0) }) else {
            throw ServiceRuleError("a rule must not contain the characters + % \" \\ { } $ : ,")
        }
        return isPartial ? .starting(literal) : .literal(literal)
    }
}

/// Why a text is not a rule. The message says what is wrong and does not contain the rule.
package struct ServiceRuleError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    package var description: String

    init(_ description: String) { self.description = description }
}
