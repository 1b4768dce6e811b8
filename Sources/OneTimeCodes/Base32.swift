import Syntax

/// Base32 (RFC 4648, section 6) without padding, as authenticator programs read and show secrets.
package enum Base32 {
    private static let digits = Array((ASCII.uppercase + "234567").utf8)

    /// Returns bytes as base32 text in upper case.
    package static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        var (group, bits) = (0, 0)
        for byte in bytes {
            group = group << 8 | Int(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                output.append(digits[group >> bits & 31])
            }
            group &= 1 << bits - 1
        }
        if bits > 0 { output.append(digits[group << (5 - bits) & 31]) }
        return String(decoding: output, as: UTF8.self)
    }
}
