import FoundationEssentials
import SecretMemory

/// Keys as people write them: hex, base64 (either alphabet, padded or not).
enum KeyText {
    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xF)]] }, as: UTF8.self)
    }

    static func base64(_ bytes: some Sequence<UInt8>) -> String { Data(bytes).base64EncodedString() }

    /// Nil unless every character is a digit and there are an even number.
    static func hex(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2), !text.isEmpty else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            guard let digit = hexDigit(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }

    /// Nil also for text with stray bits at its end: one value, one text.
    static func base64(_ text: String) -> [UInt8]? {
        var standard = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        guard !standard.isEmpty, standard.count % 4 != 1 else { return nil }
        if standard.last != "=" { standard += Array(repeating: "=", count: (4 - standard.count % 4) % 4) }
        guard let data = Data(base64Encoded: String(standard)), data.base64EncodedString() == String(standard) else { return nil }
        return [UInt8](data)
    }

    /// One share: hex or base64 of exactly so many bytes.
    static func share(_ text: String, bytes: Int) throws(SealError) -> SecretBytes {
        guard text.utf8.count <= 1_024, var decoded = exactly(bytes, hex(text.utf8)) ?? exactly(bytes, base64(text)) else {
            throw .malformedShare
        }
        defer { zero(&decoded) }
        return SecretBytes(decoded)
    }

    private static func exactly(_ count: Int, _ bytes: [UInt8]?) -> [UInt8]? { bytes?.count == count ? bytes : nil }

    private static func hexDigit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
