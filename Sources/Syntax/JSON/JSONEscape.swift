/// The escapes in JSON strings (RFC 8259, section 7).
package enum JSONEscape {
    /// Appends a text whose escapes are decoded. Returns false if one is malformed; `output` then holds the part before it.
    ///
    /// - Parameter text: What is between the quotes of a string.
    package static func append(decoding text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) -> Bool {
        output.reserveCapacity(text.count)  // A reallocation would leave a copy of a secret in freed memory.
        var position = 0
        while position < text.count {
            let byte = text[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            do throws(JSONError.Reason) { try decode(text, at: &position, into: &output, isLenient: false) } catch { return false }
        }
        return true
    }

    /// Decodes one escape.
    ///
    /// - Parameters:
    ///   - position: The position after the backslash, and then that after the escape, or that of the fault.
    ///   - isLenient: Whether a surrogate without its other half becomes U+FFFD.
    static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, at position: inout Int, into output: inout [UInt8], isLenient: Bool
    ) throws(JSONError.Reason) {
        guard position < bytes.count else { throw .unexpectedEnd }
        let kind = bytes[position]
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(kind)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try fourDigits(bytes, at: &position)
            if isLenient, (0xD800..<0xE000).contains(scalar), !isLowSurrogateNext(bytes, at: position, after: scalar) {
                scalar = 0xFFFD
            } else if (0xD800..<0xDC00).contains(scalar) {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
                else { throw .badEscape }
                position += 2
                let low = try fourDigits(bytes, at: &position)
                guard (0xDC00..<0xE000).contains(low) else { throw .badEscape }
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let unicode = Unicode.Scalar(scalar) else { throw .badEscape }
            output.append(contentsOf: UTF8.encode(unicode)!)  // Every scalar has a UTF-8 form.
        default: throw .badEscape
        }
    }

    /// Whether `scalar` is a high surrogate and an escaped low surrogate follows.
    private static func isLowSurrogateNext(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int, after scalar: UInt32) -> Bool {
        guard scalar < 0xDC00, position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u"), bytes[position + 2].asciiLowercased == UInt8(ascii: "d")
        else { return false }
        return Hex.value(bytes[position + 3]).map { $0 >= 0xC } ?? false
    }

    private static func fourDigits(_ bytes: UnsafeBufferPointer<UInt8>, at position: inout Int) throws(JSONError.Reason) -> UInt32 {
        guard position + 4 <= bytes.count else { throw .unexpectedEnd }
        var result: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hex.value(bytes[position]) else { throw .badEscape }
            result = result << 4 | UInt32(digit)
            position += 1
        }
        return result
    }
}
