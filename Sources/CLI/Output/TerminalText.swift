import Syntax

/// Text for a person's terminal.
enum TerminalText {
    /// With control characters written out, as JSON writes them: a stored value must not move the cursor, hide what stands before it
    /// or answer in the person's place. Line ends and tabs stay.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                result.append(contentsOf: "\\u".unicodeScalars)
                // None of them has more than four digits.
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
        // C0, DEL and C1; then what turns the direction of writing.
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
