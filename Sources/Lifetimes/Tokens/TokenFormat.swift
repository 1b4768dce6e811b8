package import EngineKit
import Syntax

/// The text of tokens. A service token is `coffer.s.`, 43 characters with 256 random bits, and 6 characters of checksum. A
/// batch token is `coffer.b.` and its encrypted content.
///
/// Secret scanners recognize leaked tokens by the prefix. The checksum allows refusing a mistyped or guessed token without
/// a lookup.
package enum TokenFormat {
    /// The beginning of a service token.
    package static let servicePrefix = "coffer.s."
    /// The beginning of a batch token.
    package static let batchPrefix = "coffer.b."
    /// The largest length of a batch token: half of the limit on the headers of a request.
    package static let batchBytesMax = 8_192
    /// The largest length of a token whose text was chosen, as with `-dev-root-token-id`.
    package static let bytesMax = 512

    /// The length of a service token.
    package static let serviceLength = servicePrefix.utf8.count + bodyLength + checksumLength

    private static let bodyLength = 43
    private static let checksumLength = 6
    private static let alphabet = Array((ASCII.digits + ASCII.uppercase + ASCII.lowercase).utf8)

    /// Returns a random service token.
    package static func makeServiceToken(_ randomness: any Randomness) -> String {
        let body = servicePrefix + base62(randomness.bytes(32), length: bodyLength)
        return body + checksum(of: body)
    }

    /// Returns a random token of a given length without a prefix: 136 random bits in 24 characters, more in longer ones.
    package static func makeToken(length: Int, _ randomness: any Randomness) -> String {
        base62(randomness.bytes(length * 5 / 7), length: length)
    }

    /// Returns a random accessor of 24 characters with 128 random bits. It identifies a token and does not grant access.
    package static func makeAccessor(_ randomness: any Randomness) -> String {
        base62(randomness.bytes(16), length: 24)
    }

    /// Whether the text can be a token. A text with a prefix of Coffer must have a valid checksum.
    package static func isPlausible(_ token: String) -> Bool {
        if token.hasUTF8Prefix(batchPrefix) { return token.utf8.count <= batchBytesMax }
        guard !token.isEmpty, token.utf8.count <= bytesMax else { return false }
        guard token.hasUTF8Prefix(servicePrefix) else { return token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        guard token.utf8.count == serviceLength else { return false }
        return token.hasUTF8Suffix(checksum(of: String(token.dropLastUTF8(checksumLength))))
    }

    /// Returns the bytes as a big-endian number in base 62, padded with zeros to `length`, which must be sufficient.
    private static func base62(_ bytes: [UInt8], length: Int) -> String {
        var number = bytes
        var digits = [UInt8](repeating: alphabet[0], count: length)
        for position in digits.indices.reversed() {
            var remainder = 0
            for index in number.indices {
                let value = remainder << 8 | Int(number[index])
                number[index] = UInt8(value / 62)
                remainder = value % 62
            }
            digits[position] = alphabet[remainder]
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Returns the CRC-32 (IEEE 802.3) of a text. It detects typing errors only; authenticity is established by the lookup.
    private static func checksum(of text: String) -> String {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in text.utf8 {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return base62(withUnsafeBytes(of: (~crc).bigEndian) { Array($0) }, length: checksumLength)
    }
}
