package import EngineKit
import Syntax

/// How a service token is written: `coffer.s.`, 43 characters of 256 random bits, 6 of checksum. A batch token is
/// `coffer.b.` and what it says, sealed.
///
/// The prefix lets secret scanners find a leaked one; the checksum refuses a mistyped or guessed one without a look-up.
package enum TokenFormat {
    package static let servicePrefix = "coffer.s."
    package static let batchPrefix = "coffer.b."
    /// Characters of a batch token: half of what a request's headers may have.
    package static let batchBytesMax = 8_192
    /// Tokens given by name (`-dev-root-token-id`) may be anything up to this.
    package static let bytesMax = 512

    /// Characters of a service token.
    package static let serviceLength = servicePrefix.utf8.count + bodyLength + checksumLength

    private static let bodyLength = 43
    private static let checksumLength = 6
    private static let alphabet = Array((ASCII.digits + ASCII.uppercase + ASCII.lowercase).utf8)

    package static func makeServiceToken(_ randomness: any Randomness) -> String {
        let body = servicePrefix + base62(randomness.bytes(32), length: bodyLength)
        return body + checksum(of: body)
    }

    /// A token without our prefix, as long as somebody wants it: 136 random bits in 24 characters, more in longer ones.
    package static func makeToken(length: Int, _ randomness: any Randomness) -> String {
        base62(randomness.bytes(length * 5 / 7), length: length)
    }

    /// 24 characters of 128 random bits: names a token without being one.
    package static func makeAccessor(_ randomness: any Randomness) -> String {
        base62(randomness.bytes(16), length: 24)
    }

    /// False for text that only looks like one of our tokens.
    package static func isPlausible(_ token: String) -> Bool {
        if token.hasUTF8Prefix(batchPrefix) { return token.utf8.count <= batchBytesMax }
        guard !token.isEmpty, token.utf8.count <= bytesMax else { return false }
        guard token.hasUTF8Prefix(servicePrefix) else { return token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        guard token.utf8.count == serviceLength else { return false }
        return token.hasUTF8Suffix(checksum(of: String(token.dropLastUTF8(checksumLength))))
    }

    /// Big-endian digits, zero-padded to `length`, which must be enough for the bytes.
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

    /// CRC-32 (IEEE 802.3): finds accidents; authenticity comes from the look-up.
    private static func checksum(of text: String) -> String {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in text.utf8 {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return base62(withUnsafeBytes(of: (~crc).bigEndian) { Array($0) }, length: checksumLength)
    }
}
