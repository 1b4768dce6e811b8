import Foundation
import Syntax

/// The canonical form of a path, which policies, routing, storage and the audit log use.
///
/// It is computed once, from the bytes of the request. What could be read in two ways is refused instead of corrected: dot
/// segments, empty segments, encoded slashes, doubled encodings, control characters, text that is not in NFC, and segments
/// whose first or last character would combine with the slash next to it.
package struct CanonicalPath: Sendable, Hashable, CustomStringConvertible {
    /// Why a path is refused. The raw values are the messages.
    package enum Refusal: String, Error, Sendable {
        case empty = "the path is empty"
        case tooLong = "the path is longer than 2048 bytes"
        case tooManySegments = "the path has more than 512 segments"
        case badEncoding = "the path has a malformed percent-encoding, or an encoded slash, backslash or dot"
        case notUTF8 = "the path is not valid UTF-8"
        case notNormalised = "the path is not in Unicode normalization form C"
        case controlCharacter = "the path has a control character"
        case emptySegment = "the path has an empty segment"
        case joiningCharacter = "a segment of the path begins with a combining mark or ends in a prepending character"
        case dotSegment = "the path has a '.' or '..' segment"
    }

    /// The longest path after decoding, in bytes.
    package static let bytesMax = 2_048
    /// The most segments that a path may have.
    package static let segmentsMax = 512

    /// The path without a slash at either end.
    package let text: String
    /// Whether the path was written with a final slash, as those of listings are.
    package let isFolder: Bool

    /// The path with its final slash if it was written with one.
    package var description: String { isFolder ? text + "/" : text }

    /// Reads the percent-encoded path of a request, without the prefix of its dialect (`/v1/`).
    package init(percentEncoded wire: String) throws(Refusal) {
        guard !wire.isEmpty else { throw .empty }
        guard wire.utf8.count <= 3 * Self.bytesMax else { throw .tooLong }
        let decoded = wire.utf8.contains(UInt8(ascii: "%")) ? try Self.decode(wire) : wire
        try self.init(decoded: decoded)
    }

    /// Reads a path that is not encoded, such as one in a JSON field.
    package init(decoded: String) throws(Refusal) {
        var body = decoded[...]
        isFolder = body.utf8.last == UInt8(ascii: "/")
        if isFolder { body = body.dropLastUTF8() }
        guard !body.isEmpty else { throw .empty }
        guard body.utf8.count <= Self.bytesMax else { throw .tooLong }
        try Self.check(body)
        text = isFolder ? String(body) : decoded
    }

    private static func check(_ body: Substring) throws(Refusal) {
        var body = body
        let (refusal, isASCII) = body.withUTF8 { bytes in scan(bytes) }
        if let refusal { throw refusal }
        guard !isASCII else { return }
        guard isNormalised(String(body)) else { throw .notNormalised }
        guard body.splitUTF8(at: "/").allSatisfy(standsAlone) else { throw .joiningCharacter }
    }

    /// Checks the bytes in one pass, which is all that most paths need.
    private static func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> (Refusal?, isASCII: Bool) {
        var segmentStart = 0
        var segments = 1
        var isASCII = true
        for index in 0...bytes.count {
            guard index < bytes.count, bytes[index] != UInt8(ascii: "/") else {
                let length = index - segmentStart
                if length == 0 { return (.emptySegment, isASCII) }
                let isDots = length <= 2 && bytes[segmentStart] == UInt8(ascii: ".") && bytes[index - 1] == UInt8(ascii: ".")
                if isDots { return (.dotSegment, isASCII) }
                segmentStart = index + 1
                if index < bytes.count { segments += 1 }
                continue
            }
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x7F { return (.controlCharacter, isASCII) }
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count, Hex.value(bytes[index + 1]) != nil,
                Hex.value(bytes[index + 2]) != nil
            {
                return (.badEncoding, isASCII)
            }
            if byte >= 0x80 { isASCII = false }
        }
        return (segments > segmentsMax ? .tooManySegments : nil, isASCII)
    }

    private static func isNormalised(_ text: String) -> Bool {
        // C1 controls and direction marks are invisible, so that two paths could look the same.
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
            default: true
            }
        }
        return isPlain && Array(text.utf8) == Array(text.precomposedStringWithCanonicalMapping.utf8)
    }

    /// Whether the segment combines with no slash. A combining mark at its beginning, or a prepending letter at its end,
    /// forms one character with the slash: the path would look different than it is stored, and code that works on
    /// characters would not find the slash.
    private static func standsAlone(_ segment: Substring) -> Bool {
        guard let first = segment.unicodeScalars.first, let last = segment.unicodeScalars.last else { return true }
        return (first.isASCII || !first.isMark && "/\(first)".count == 2) && (last.isASCII || "\(last)/".count == 2)
    }

    private static func decode(_ wire: String) throws(Refusal) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(wire.utf8.count)
        var bytes = wire.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                output.append(byte)
                continue
            }
            guard let high = bytes.next().flatMap(Hex.value), let low = bytes.next().flatMap(Hex.value) else { throw .badEncoding }
            let decoded = high << 4 | low
            guard decoded != UInt8(ascii: "/"), decoded != UInt8(ascii: "."), decoded != UInt8(ascii: "\\") else {
                throw .badEncoding
            }
            output.append(decoded)
        }
        guard let text = String(validating: output, as: UTF8.self) else { throw .notUTF8 }
        return text
    }
}

extension Unicode.Scalar {
    fileprivate var isMark: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}
