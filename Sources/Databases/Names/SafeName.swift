import Syntax

/// A user's name that can stand in a statement: nothing in it ends a quoted name or string, whatever encloses it.
package enum SafeName {
    package static func isSafe(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isSafe) }

    /// Letters, digits and `_ - . @ + :`, all of them ASCII.
    static func isSafe(_ byte: UInt8) -> Bool { byte.isASCIILetterOrDigit || "_-.@+:".utf8.contains(byte) }

    /// The same length, with `-` for everything that is not safe: names of callers come from anywhere.
    package static func cleaned(_ text: String) -> String {
        String(decoding: text.unicodeScalars.map { $0.isASCII && isSafe(UInt8($0.value)) ? UInt8($0.value) : 0x2D }, as: UTF8.self)
    }

    /// Letters, digits and `_`, not beginning with a digit: safe even without quotes.
    static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, !first.isASCIIDigit else { return false }
        return text.utf8.allSatisfy { $0.isASCIILetterOrDigit || $0 == 0x5F }
    }
}
