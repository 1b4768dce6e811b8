import Syntax

/// Text for a POSIX shell.
enum ShellText {
    /// One word in single quotes, in which no byte but the quote itself has a meaning.
    ///
    /// Works on bytes because a shell does: to Swift, a quote followed by a combining mark is one other character.
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

    /// The same, without quotes where no byte needs them.
    static func word(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "-._/:+=@%".utf8.contains($0) }
        return isPlain ? text : quoted(text)
    }

    private static let quote = UInt8(ascii: "'")
}
