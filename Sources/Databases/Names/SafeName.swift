import Syntax

/// Names of users that are safe in a statement: no character can end a quoted name or string.
package enum SafeName {
    /// Whether a text is not empty and has safe characters only.
    package static func isSafe(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isSafe) }

    /// Whether a byte is an ASCII letter, a digit, or one of `_ - . @ + :`.
    static func isSafe(_ byte: UInt8) -> Bool { byte.isASCIILetterOrDigit || "_-.@+:".utf8.contains(byte) }

    /// Returns the text with `-` in place of every byte that is not safe, because names of callers can have any characters.
    package static func cleaned(_ text: String) -> String {
        String(decoding: text.unicodeScalars.map { $0.isASCII && isSafe(UInt8($0.value)) ? UInt8($0.value) : 0x2D }, as: UTF8.self)
    }

    /// Whether the text is safe without quotes: letters, digits and `_`, and no digit at the start.
    static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, !first.isASCIIDigit else { return false }
        return text.utf8.allSatisfy { $0.isASCIILetterOrDigit || $0 == 0x5F }
    }
}
