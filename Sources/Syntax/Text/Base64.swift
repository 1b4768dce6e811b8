/// Base64 (RFC 4648), straight between texts and bytes. Strict: whole groups, right padding, no stray bits, line ends ignored.
public enum Base64 {
    public enum Alphabet: Sendable {
        /// `+` and `/`, padded.
        case standard
        /// `-` and `_`, without padding.
        case url
    }

    public static func encode(_ bytes: some Collection<UInt8>, as alphabet: Alphabet = .standard) -> String {
        var output: [UInt8] = []
        encode(bytes, as: alphabet, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Appends ASCII.
    public static func encode(_ bytes: some Collection<UInt8>, as alphabet: Alphabet = .standard, into output: inout [UInt8]) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { append($0, alphabet, &output) }
        if done == nil { Array(bytes).withUnsafeBufferPointer { append($0, alphabet, &output) } }
    }

    /// nil for anything else than base64.
    public static func decode(_ text: String, as alphabet: Alphabet = .standard) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0, alphabet) }
    }

    /// The same for a part of a text.
    public static func decode(_ text: Substring, as alphabet: Alphabet = .standard) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0, alphabet) }
    }

    private static let standardDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let standardValues = values(of: standardDigits)
    private static let urlValues = values(of: urlDigits)

    private static func values(of digits: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }

    private static func append(_ bytes: UnsafeBufferPointer<UInt8>, _ alphabet: Alphabet, _ output: inout [UInt8]) {
        (alphabet == .standard ? standardDigits : urlDigits).withUnsafeBufferPointer { digits in
            output.reserveCapacity(output.count + (bytes.count + 2) / 3 * 4)
            var index = 0
            while index + 3 <= bytes.count {
                let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
                output.append(digits[Int(group >> 18)])
                output.append(digits[Int(group >> 12 & 63)])
                output.append(digits[Int(group >> 6 & 63)])
                output.append(digits[Int(group & 63)])
                index += 3
            }
            let left = bytes.count - index
            guard left > 0 else { return }
            let group = UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
            output.append(digits[Int(group >> 18)])
            output.append(digits[Int(group >> 12 & 63)])
            if left > 1 { output.append(digits[Int(group >> 6 & 63)]) }
            if alphabet == .standard { output.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - left)) }
        }
    }

    private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ alphabet: Alphabet) -> [UInt8]? {
        (alphabet == .standard ? standardValues : urlValues).withUnsafeBufferPointer { values in
            var output: [UInt8] = []
            output.reserveCapacity(text.count / 4 * 3 + 3)
            var (group, digits, padding): (UInt32, Int, Int) = (0, 0, 0)
            for byte in text where byte != 0x0A && byte != 0x0D {
                if byte == UInt8(ascii: "="), alphabet == .standard, digits + padding < 4, digits >= 2 {
                    padding += 1
                    continue
                }
                let value = values[Int(byte)]
                guard value != 0xFF, padding == 0 else { return nil }
                group = group << 6 | UInt32(value)
                digits += 1
                if digits == 4 {
                    output.append(UInt8(truncatingIfNeeded: group >> 16))
                    output.append(UInt8(truncatingIfNeeded: group >> 8))
                    output.append(UInt8(truncatingIfNeeded: group))
                    (group, digits) = (0, 0)
                }
            }
            guard alphabet == .url || (digits + padding).isMultiple(of: 4) else { return nil }
            switch digits {
            case 0: return padding == 0 ? output : nil
            case 2 where group & 0xF == 0: output.append(UInt8(truncatingIfNeeded: group >> 4))
            case 3 where group & 3 == 0:
                output.append(UInt8(truncatingIfNeeded: group >> 10))
                output.append(UInt8(truncatingIfNeeded: group >> 2))
            default: return nil
            }
            return output
        }
    }
}
