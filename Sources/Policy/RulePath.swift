internal import EngineKit
import Syntax

/// The path of a rule: exact, with `+` for whole segments, or with a final `*` for everything that follows.
///
/// A `*` elsewhere and a `+` within a segment are ordinary characters, as in Vault. Only in a rule with
/// `partial_segments` is a `+` at the end of a segment a wildcard too.
package struct RulePath: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is not the path of a rule.
    package enum Refusal: String, Error, Sendable {
        case controlCharacter = "the path has a control character"
        case emptySegment = "the path has an empty segment ('//')"
        case dotSegment = "the path has a '.' or '..' segment"
        case plusStar = "the path has '+*', which is not a wildcard; use '+/*' or '*'"
        case tooLong = "the path is longer than 2048 bytes"
        case notCanonical = "the path has characters that the path of a request cannot have"
        case badTemplate = "the path has an unknown {{template}} or unbalanced braces"
    }

    /// The largest length, in UTF-8 bytes.
    static let bytesMax = 2_048

    /// The path without a leading slash and without the final `*`.
    package let text: String
    /// Whether the path has a final `*`, and so matches every path that begins with ``text``.
    package let isGlob: Bool
    /// Whether a `+` at the end of a segment matches the rest of the segment: `news+` matches every segment that begins
    /// with `news`.
    package let hasPartialSegments: Bool

    /// The path with its final `*`.
    package var description: String { isGlob ? text + "*" : text }

    /// Reads a path. Throws if no request can have a path that it matches.
    package init(_ source: String, partialSegments: Bool = false) throws(Refusal) {
        hasPartialSegments = partialSegments
        guard source.utf8.count <= Self.bytesMax else { throw .tooLong }
        guard !source.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { throw .controlCharacter }
        guard !source.containsUTF8("//") else { throw .emptySegment }
        guard !source.containsUTF8("+*") else { throw .plusStar }
        var body = source[...]
        if let rest = body.removingUTF8Prefix("/") { body = rest }
        isGlob = body.utf8.last == UInt8(ascii: "*")
        if isGlob { body = body.dropLastUTF8() }
        text = String(body)
        let segments = body.splitUTF8(at: "/", omittingEmpty: false)
        // `.*` matches names that begin with a dot; `..*` would match the parent folder.
        guard !segments.dropLast(isGlob ? 1 : 0).contains("."), !segments.contains("..") else { throw .dotSegment }
        // A rule that no request can match, such as one that is not in NFC, would protect nothing. The last segment
        // before a `*` may be incomplete.
        if !text.utf8.allSatisfy({ $0 < 0x80 }), (try? CanonicalPath(decoded: isGlob ? text + "x" : text)) == nil {
            throw .notCanonical
        }
    }

    /// Creates a path that is known to be valid.
    init(text: String, isGlob: Bool) {
        hasPartialSegments = false
        self.text = text
        self.isGlob = isGlob
    }
}
