import Syntax

/// Quoting for POSIX shells.
enum ShellText {
    /// Returns text as one word in single quotes, in which only the quote itself is special.
    ///
    /// The text is scanned by bytes, as a shell does. For Swift, a quote followed by a combining mark is a different character.
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 2)
        bytes.append(quote)
        for byte in text.utf8 {
            if byte == quote { bytes += #"'\''"#.utf8 } else { bytes.append(byte) }
        }
        bytes.append(quote)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Returns text as one word, with quotes only if it needs them.
    static func word(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-._/:+=@%".utf8.contains($0) }
        return isPlain ? text : quoted(text)
    }

    private static let quote = UInt8(ascii: "'")
}
