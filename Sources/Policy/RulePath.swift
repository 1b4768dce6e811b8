internal import EngineKit
import Syntax

/// The path of a rule: exact, with `+` for whole segments, with `*` at the end for everything that follows.
///
/// A `*` elsewhere and a `+` inside a segment are ordinary characters, as in Vault. Only a rule with
/// `partial_segments` takes a `+` at the end of a segment for a wildcard too.
package struct RulePath: Sendable, Hashable, CustomStringConvertible {
    package enum Refusal: String, Error, Sendable {
        case controlCharacter = "the path has a control character"
        case emptySegment = "the path has an empty segment ('//')"
        case dotSegment = "the path has a '.' or '..' segment"
        case plusStar = "the path has '+*', which means nothing: use '+/*' or '*'"
        case tooLong = "the path is longer than 2048 bytes"
        case notCanonical = "the path has characters that no request's path can have"
        case badTemplate = "the path has an unbalanced or unknown {{template}}"
    }

    static let bytesMax = 2_048

    /// Without the leading slash and the final `*`.
    package let text: String
    /// Covers every path that starts as this one does.
    package let isGlob: Bool
    /// A `+` at the end of a segment matches the rest of it: `news+` is every segment that starts with `news`.
    package let hasPartialSegments: Bool

    package var description: String { isGlob ? text + "*" : text }

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
        // `.*` covers hidden names; `..*` can only be meant to climb.
        guard !segments.dropLast(isGlob ? 1 : 0).contains("."), !segments.contains("..") else { throw .dotSegment }
        // A rule for a path that every request is refused for, such as one not in NFC, would only seem to protect.
        // What follows a glob is open, so its last segment is only begun.
        if !text.utf8.allSatisfy({ $0 < 0x80 }), (try? CanonicalPath(decoded: isGlob ? text + "x" : text)) == nil {
            throw .notCanonical
        }
    }

    init(text: String, isGlob: Bool) {
        hasPartialSegments = false
        self.text = text
        self.isGlob = isGlob
    }
}
