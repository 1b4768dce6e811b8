/// Base64 with `-` and `_`, unpadded. Strict: one spelling for each sequence of bytes.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 4 / 3 + 3)
        var (buffer, bits) = (0, 0)
        for byte in bytes {
            buffer = buffer << 8 | Int(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                output.append(alphabet[buffer >> bits & 63])
            }
            buffer &= 1 << bits - 1
        }
        if bits > 0 { output.append(alphabet[buffer << (6 - bits) & 63]) }
        return String(decoding: output, as: UTF8.self)
    }

    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        var (buffer, bits) = (0, 0)
        for digit in text {
            guard let value = value(of: digit) else { return nil }
            buffer = buffer << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(buffer >> bits & 0xFF))
            }
            buffer &= 1 << bits - 1
        }
        // What is left over must be less than a digit, and nothing.
        return bits < 6 && buffer == 0 ? output : nil
    }

    private static func value(of digit: UInt8) -> Int? {
        switch digit {
        case 0x41...0x5A: Int(digit) - 0x41
        case 0x61...0x7A: Int(digit) - 0x61 + 26
        case 0x30...0x39: Int(digit) - 0x30 + 52
        case 0x2D: 62
        case 0x5F: 63
        default: nil
        }
    }
}
