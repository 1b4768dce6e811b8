import Syntax

/// The form of credentials: texts and runs of bytes, one after the other.
///
/// Matching reads each byte a bounded number of times, whatever the input is: a run takes as many bytes as it can and gives none
/// back. A run of no fixed length must therefore not contain the byte that follows it. A regular expression on input that a caller
/// chooses could take exponential time.
package struct KeyPattern: Sendable, Hashable {
    /// A class of ASCII bytes.
    package enum Class: String, Sendable {
        case digits = "[0-9]"
        case hex = "[0-9a-f]"
        case hexOrHyphen = "[0-9a-f-]"
        case uppercaseOrDigit = "[A-Z0-9]"
        case lowercaseOrDigit = "[a-z0-9]"
        case letterOrDigit = "[A-Za-z0-9]"
        case word = "[A-Za-z0-9_]"
        case urlSafe = "[A-Za-z0-9_-]"
        case letterDigitOrHyphen = "[A-Za-z0-9-]"
        case dotted = "[A-Za-z0-9_.-]"
        case base64 = "[A-Za-z0-9+/=]"
        /// Every printable byte except the space.
        case visible = "[!-~]"

        func contains(_ byte: UInt8) -> Bool {
            switch self {
            case .digits: byte.isASCIIDigit
            case .hex: byte.isLowercaseHexDigit
            case .hexOrHyphen: byte.isLowercaseHexDigit || byte == UInt8(ascii: "-")
            case .uppercaseOrDigit: byte.isASCIIUppercase || byte.isASCIIDigit
            case .lowercaseOrDigit: byte.isASCIILowercase || byte.isASCIIDigit
            case .letterOrDigit: byte.isASCIILetterOrDigit
            case .word: byte.isASCIILetterOrDigit || byte == UInt8(ascii: "_")
            case .urlSafe: byte.isASCIILetterOrDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            case .letterDigitOrHyphen: byte.isASCIILetterOrDigit || byte == UInt8(ascii: "-")
            case .dotted: Class.urlSafe.contains(byte) || byte == UInt8(ascii: ".")
            case .base64: byte.isASCIILetterOrDigit || "+/=".utf8.contains(byte)
            case .visible: byte > 0x20 && byte < 0x7F
            }
        }
    }

    /// A part of the form.
    package enum Part: Sendable, Hashable {
        /// One of several texts, none of which begins another.
        case text([String])
        /// A number of bytes of a class.
        case run(Class, ClosedRange<Int>)
        /// Bytes of a class with a text among them, neither first nor last.
        case around(String, Class)
    }

    /// How a text relates to the form.
    package struct Match: Sendable, Hashable {
        /// The number of bytes of fixed text with which it begins.
        package var prefixBytes: Int
        /// Whether it has the whole form, and not only its beginning.
        package var isWhole: Bool
    }

    /// The parts, in order.
    package let parts: [Part]
    /// The kind of secret, or nil for the provider's usual kind.
    let type: SecretType?
    /// Whether the beginning alone says too little.
    let needsWhole: Bool

    private static let shortestPrefix = 3

    init(_ parts: Part..., type: SecretType? = nil, needsWhole: Bool = false) {
        self.parts = parts
        self.type = type
        self.needsWhole = needsWhole
    }

    /// Returns how a text relates to the form, or nil if it does not even begin like it.
    package func match(_ bytes: [UInt8]) -> Match? {
        var (position, prefix, isPrefix) = (0, 0, true)
        for part in parts {
            let end = Self.end(of: part, in: bytes, from: position)
            guard let end else { return partial(prefix) }
            if case .text = part, isPrefix { prefix = end } else { isPrefix = false }
            position = end
        }
        return position == bytes.count ? Match(prefixBytes: prefix, isWhole: true) : partial(prefix)
    }

    private func partial(_ prefix: Int) -> Match? {
        needsWhole || prefix < Self.shortestPrefix ? nil : Match(prefixBytes: prefix, isWhole: false)
    }

    private static func end(of part: Part, in bytes: [UInt8], from start: Int) -> Int? {
        switch part {
        case .text(let texts):
            return texts.first { bytes[start...].starts(with: $0.utf8) }.map { start + $0.utf8.count }
        case .run(let kind, let counts):
            let end = endOfRun(of: kind, in: bytes, from: start, countMax: counts.upperBound)
            return end - start >= counts.lowerBound ? end : nil
        case .around(let text, let kind):
            let end = endOfRun(of: kind, in: bytes, from: start, countMax: .max)
            let length = text.utf8.count
            guard end - start >= length + 2 else { return nil }
            let isInside = (start + 1...end - length - 1).contains { bytes[$0...].starts(with: text.utf8) }
            return isInside ? end : nil
        }
    }

    private static func endOfRun(of kind: Class, in bytes: [UInt8], from start: Int, countMax: Int) -> Int {
        let limit = countMax < bytes.count - start ? start + countMax : bytes.count
        return (start..<limit).first { !kind.contains(bytes[$0]) } ?? limit
    }
}

extension KeyPattern {
    /// The form as a regular expression, for documents and for forms in a browser.
    package var expression: String {
        parts.map { part in
            switch part {
            case .text(let texts) where texts.count == 1: Self.escaped(texts[0])
            case .text(let texts): "(?:" + texts.map(Self.escaped).joined(separator: "|") + ")"
            case .run(let kind, let counts): kind.rawValue + Self.count(counts)
            case .around(let text, let kind): kind.rawValue + "+" + Self.escaped(text) + kind.rawValue + "+"
            }
        }.joined()
    }

    private static func count(_ counts: ClosedRange<Int>) -> String {
        if counts.upperBound == .max { return counts.lowerBound == 1 ? "+" : "{\(counts.lowerBound),}" }
        return counts.count == 1 ? "{\(counts.lowerBound)}" : "{\(counts.lowerBound),\(counts.upperBound)}"
    }

    private static func escaped(_ text: String) -> String { text.replacingUTF8(".", with: #"\."#) }
}

extension ClosedRange<Int> {
    /// A number or more.
    static func atLeast(_ count: Int) -> ClosedRange<Int> { count...Int.max }
    /// Exactly a number.
    static func exactly(_ count: Int) -> ClosedRange<Int> { count...count }
}
