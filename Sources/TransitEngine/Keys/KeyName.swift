import EngineKit
import Syntax

/// The rule for names of keys: letters, digits, `_`, `-` and `.`, with a letter, digit or `_` at both ends.
enum KeyName {
    /// The longest name, in bytes.
    static let bytesMax = 256

    /// Throws if `name` breaks the rule.
    static func check(_ name: String) throws(CofferError) {
        let bytes = name.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= bytesMax, isWord(first), isWord(last),
            bytes.allSatisfy({ isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") })
        else { throw .invalid("the name of a key is made of letters, digits, '_', '-' and '.'") }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || byte == UInt8(ascii: "_")
    }
}
