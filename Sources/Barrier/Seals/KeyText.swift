import SecretMemory
import Syntax

/// Keys as people write them: hex, base64 (either alphabet, padded or not).
enum KeyText {
    /// Nil unless every character is a digit and there are an even number, above none.
    static func hex(_ text: some Collection<UInt8>) -> [UInt8]? { text.isEmpty ? nil : Hex.decode(text, .anyCase) }

    static func base64(_ bytes: some Sequence<UInt8>) -> String { Base64.encode(Array(bytes)) }

    /// Nil also for text with stray bits at its end.
    static func base64(_ text: String) -> [UInt8]? { text.isEmpty ? nil : Base64.decode(text, allowing: .anyAlphabet) }

    /// One share: hex or base64 of exactly so many bytes.
    static func share(_ text: String, bytes: Int) throws(SealError) -> SecretBytes {
        guard text.utf8.count <= 1_024, var decoded = exactly(bytes, hex(text.utf8)) ?? exactly(bytes, base64(text)) else {
            throw .malformedShare
        }
        defer { zero(&decoded) }
        return SecretBytes(decoded)
    }

    private static func exactly(_ count: Int, _ bytes: [UInt8]?) -> [UInt8]? { bytes?.count == count ? bytes : nil }
}
