import SecretMemory
import Syntax

/// The text of keys and shares: hex or base64 (either alphabet, padded or not).
enum KeyText {
    /// Decodes hex. Returns nil unless there are digits only, an even number of them, and at least two.
    static func hex(_ text: some Collection<UInt8>) -> [UInt8]? { text.isEmpty ? nil : Hex.decode(text, .anyCase) }

    /// Encodes bytes as padded base64.
    static func base64(_ bytes: some Sequence<UInt8>) -> String { Base64.encode(Array(bytes)) }

    /// Decodes base64. Returns nil for text that is empty, malformed, or has bits set after the last whole byte.
    static func base64(_ text: String) -> [UInt8]? { text.isEmpty ? nil : Base64.decode(text, allowing: .anyAlphabet) }

    /// Decodes a share of `bytes` bytes from hex or base64. Throws ``SealError/malformedShare`` if it is malformed or
    /// of another length.
    static func share(_ text: String, bytes: Int) throws(SealError) -> SecretBytes {
        guard text.utf8.count <= 1_024, var decoded = exactly(bytes, hex(text.utf8)) ?? exactly(bytes, base64(text)) else {
            throw .malformedShare
        }
        defer { zero(&decoded) }
        return SecretBytes(decoded)
    }

    /// Returns `bytes` if there are `count` of them, or nil.
    private static func exactly(_ count: Int, _ bytes: [UInt8]?) -> [UInt8]? { bytes?.count == count ? bytes : nil }
}
