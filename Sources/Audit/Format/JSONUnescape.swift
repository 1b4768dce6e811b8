import Syntax

/// Decodes the escapes of JSON strings (RFC 8259, section 7) to UTF-8.
enum JSONUnescape {
    /// Appends the decoded text to `output`. Returns false if an escape is malformed; `output` then holds the part before it.
    static func append(_ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) -> Bool {
        output.reserveCapacity(text.count)  // A reallocation would leave a copy of a secret in freed memory.
        var position = 0
        while position < text.count {
            let byte = text[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            guard position < text.count else { return false }
            let kind = text[position]
            position += 1
            switch kind {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(kind)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = scalar(in: text, at: &position), let encoded = UTF8.encode(scalar) else { return false }
                output.append(contentsOf: encoded)
            default: return false
            }
        }
        return true
    }

    /// Reads the digits of `\u`, and a second escape if the first one is a high surrogate.
    private static func scalar(in text: UnsafeBufferPointer<UInt8>, at position: inout Int) -> Unicode.Scalar? {
        guard let high = unit(in: text, at: &position) else { return nil }
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) }
        guard position + 1 < text.count, text[position] == UInt8(ascii: "\\"), text[position + 1] == UInt8(ascii: "u")
        else { return nil }
        position += 2
        guard let low = unit(in: text, at: &position), (0xDC00..<0xE000).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }

    /// Reads four hex digits.
    private static func unit(in text: UnsafeBufferPointer<UInt8>, at position: inout Int) -> UInt32? {
        guard position + 4 <= text.count else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hex.value(text[position]) else { return nil }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
