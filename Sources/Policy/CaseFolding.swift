import Syntax

/// One spelling for all case variants of a path. Each scalar is folded alone, so prefixes stay prefixes.
enum CaseFolding {
    static func fold(_ text: String) -> [UInt8] {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.map(\.asciiLowercased) }
        // Upper case first brings together what lower case alone keeps apart, such as the two small sigmas.
        return Array(text.uppercased().lowercased().utf8)
    }

    static func fold(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] { fold(String(decoding: bytes, as: UTF8.self)) }

    /// False if the text is not ASCII; then `output` is not complete.
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
