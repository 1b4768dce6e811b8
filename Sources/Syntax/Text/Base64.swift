/// Base64 (RFC 4648).
///
/// Reading is strict, so that each value has exactly one text: complete groups, the padding of the alphabet, and no unused bits that
/// are set. Line ends are ignored by default; ``Leniency`` lists what else can be accepted.
public enum Base64 {
    /// The alphabets of RFC 4648.
    public enum Alphabet: Sendable {
        /// The alphabet of section 4, with `+` and `/`, padded with `=`.
        case standard
        /// The alphabet of section 5 for URLs and file names, with `-` and `_`, without padding.
        case url
    }

    /// The deviations from the strict form that a reader accepts.
    public struct Leniency: OptionSet, Sendable {
        /// The set as bits.
        public let rawValue: UInt8

        /// Creates a set from its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Accepts line feeds and carriage returns anywhere.
        public static let lineEnds = Leniency(rawValue: 1)
        /// Accepts the digits of both alphabets, with or without padding.
        public static let anyAlphabet = Leniency(rawValue: 2)
        /// Accepts a last digit whose unused bits are set.
        public static let strayBits = Leniency(rawValue: 4)
    }

    /// Returns bytes as base64 text.
    public static func encode(_ bytes: some Collection<UInt8>, as alphabet: Alphabet = .standard) -> String {
        var output: [UInt8] = []
        encode(bytes, as: alphabet, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Appends bytes as base64 text in ASCII.
    public static func encode(_ bytes: some Collection<UInt8>, as alphabet: Alphabet = .standard, into output: inout [UInt8]) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { append($0, as: alphabet, to: &output) }
        if done == nil { Array(bytes).withUnsafeBufferPointer { append($0, as: alphabet, to: &output) } }
    }

    /// Returns the bytes of a base64 text, or nil if the text is not valid.
    public static func decode(
        _ text: String, as alphabet: Alphabet = .standard, allowing leniency: Leniency = .lineEnds
    ) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0, as: alphabet, allowing: leniency) }
    }

    /// Returns the bytes of a base64 text, or nil if the text is not valid.
    public static func decode(
        _ text: Substring, as alphabet: Alphabet = .standard, allowing leniency: Leniency = .lineEnds
    ) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0, as: alphabet, allowing: leniency) }
    }

    private static let standardDigits = Array((ASCII.lettersAndDigits + "+/").utf8)
    private static let urlDigits = Array((ASCII.lettersAndDigits + "-_").utf8)
    private static let standardValues = values(of: standardDigits, padding: true)
    private static let urlValues = values(of: urlDigits, padding: false)
    private static let allValues = values(of: standardDigits, padding: true, or: urlDigits)

    // The table entries of bytes that are not digits. Digits have the values 0 to 63.
    private static let lineEnd: UInt8 = 64
    private static let padding: UInt8 = 65
    private static let none: UInt8 = 0xFF

    /// Returns a table with the value of each byte: that of a digit, or one of `lineEnd`, `padding` and `none`.
    private static func values(of digits: [UInt8], padding isPadded: Bool, or others: [UInt8] = []) -> [UInt8] {
        var values = [UInt8](repeating: none, count: 256)
        for alphabet in [digits, others] {
            for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        }
        values[0x0A] = lineEnd
        values[0x0D] = lineEnd
        if isPadded { values[Int(UInt8(ascii: "="))] = padding }
        return values
    }

    private static func append(_ bytes: UnsafeBufferPointer<UInt8>, as alphabet: Alphabet, to output: inout [UInt8]) {
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

    private static func decode(
        _ text: UnsafeBufferPointer<UInt8>, as alphabet: Alphabet, allowing leniency: Leniency
    ) -> [UInt8]? {
        let isAny = leniency.contains(.anyAlphabet)
        let ownValues = alphabet == .standard ? standardValues : urlValues
        return (isAny ? allValues : ownValues).withUnsafeBufferPointer { values in
            var output: [UInt8] = []
            output.reserveCapacity(text.count / 4 * 3 + 3)
            var (group, digits, paddings): (UInt32, Int, Int) = (0, 0, 0)
            for byte in text {
                let value = values[Int(byte)]
                guard value < 64 else {
                    if value == lineEnd, leniency.contains(.lineEnds) { continue }
                    guard value == padding, digits + paddings < 4, digits >= 2 else { return nil }
                    paddings += 1
                    continue
                }
                guard paddings == 0 else { return nil }
                group = group << 6 | UInt32(value)
                digits += 1
                if digits == 4 {
                    output.append(UInt8(truncatingIfNeeded: group >> 16))
                    output.append(UInt8(truncatingIfNeeded: group >> 8))
                    output.append(UInt8(truncatingIfNeeded: group))
                    (group, digits) = (0, 0)
                }
            }
            let mayEndEarly = isAny ? paddings == 0 : alphabet == .url
            guard mayEndEarly || (digits + paddings).isMultiple(of: 4) else { return nil }
            let areBitsLeft = digits == 2 && group & 0xF != 0 || digits == 3 && group & 3 != 0
            guard !areBitsLeft || leniency.contains(.strayBits) else { return nil }
            switch digits {
            case 0: break
            case 2: output.append(UInt8(truncatingIfNeeded: group >> 4))
            case 3:
                output.append(UInt8(truncatingIfNeeded: group >> 10))
                output.append(UInt8(truncatingIfNeeded: group >> 2))
            default: return nil
            }
            return output
        }
    }
}
