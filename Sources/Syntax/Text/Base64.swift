/// Base64 (RFC 4648), straight between texts and bytes.
///
/// Read strictly: whole groups, the alphabet's own padding, and no bits left over, so that one value has one text. Line ends
/// are passed over unless the caller says otherwise; what else is accepted, the caller says.
public enum Base64 {
    public enum Alphabet: Sendable {
        /// `+` and `/`, padded.
        case standard
        /// `-` and `_`, without padding.
        case url
    }

    /// What a text may have beside what is written here.
    public struct Leniency: OptionSet, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Line ends anywhere.
        public static let lineEnds = Leniency(rawValue: 1)
        /// Digits of both alphabets, and padding or none, whichever alphabet was asked for.
        public static let anyAlphabet = Leniency(rawValue: 2)
        /// Bits of the last digit that belong to no byte.
        public static let strayBits = Leniency(rawValue: 4)
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
    public static func decode(
        _ text: String, as alphabet: Alphabet = .standard, allowing leniency: Leniency = .lineEnds
    ) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0, alphabet, leniency) }
    }

    /// The same for a part of a text.
    public static func decode(
        _ text: Substring, as alphabet: Alphabet = .standard, allowing leniency: Leniency = .lineEnds
    ) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0, alphabet, leniency) }
    }

    private static let standardDigits = Array((ASCII.lettersAndDigits + "+/").utf8)
    private static let urlDigits = Array((ASCII.lettersAndDigits + "-_").utf8)
    private static let standardValues = values(of: standardDigits, padding: true)
    private static let urlValues = values(of: urlDigits, padding: false)
    private static let allValues = values(of: standardDigits, padding: true, or: urlDigits)

    /// Bytes that are no digits, from the first number above all digits on.
    private static let lineEnd: UInt8 = 64
    private static let padding: UInt8 = 65
    private static let none: UInt8 = 0xFF

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

    private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ alphabet: Alphabet, _ leniency: Leniency) -> [UInt8]? {
        let isAny = leniency.contains(.anyAlphabet)
        return (isAny ? allValues : alphabet == .standard ? standardValues : urlValues).withUnsafeBufferPointer { values in
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
