import Syntax

/// Gives all case variants of a path one spelling. Each scalar is folded separately, so a prefix of a path stays a
/// prefix.
enum CaseFolding {
    /// Returns the folded text in UTF-8.
    static func fold(_ text: String) -> [UInt8] {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.map(\.asciiLowercased) }
        // Uppercasing first unites letters that lowercasing alone keeps apart, such as the two forms of the small
        // sigma.
        return Array(text.uppercased().lowercased().utf8)
    }

    /// Returns the folded text of UTF-8 bytes.
    static func fold(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] { fold(String(decoding: bytes, as: UTF8.self)) }

    /// Folds ASCII text into `output`. Returns false if the text is not ASCII; `output` is then incomplete.
    static func foldASCII(_ bytes: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        var seen: UInt8 = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            seen |= byte
            output[index] = byte.asciiLowercased
        }
        return seen < 0x80
    }
}
