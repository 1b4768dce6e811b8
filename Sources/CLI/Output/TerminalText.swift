import Syntax

/// Escaping for terminals.
enum TerminalText {
    /// Returns text with control characters as escapes like those of JSON. Line ends and tabs are kept.
    ///
    /// A stored value must not be able to move the cursor, hide earlier output or type into the terminal.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                result.append(contentsOf: "\\u".unicodeScalars)
                // All of them have at most four hexadecimal digits.
                result.append(contentsOf: Hex.encode(UInt16(truncatingIfNeeded: scalar.value)).unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        // C0, DEL and C1, and the characters that change the writing direction.
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
