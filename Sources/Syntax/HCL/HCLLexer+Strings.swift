extension HCLLexer {
    /// Reads a string in double quotes. Templates such as `{{...}}` and `${...}` are not evaluated.
    mutating func quoted() throws(HCLError) -> String {
        let start = failure("the string that starts here is not closed")
        advance()
        var output: [UInt8] = []
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""):
                advance()
                return String(decoding: output, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &output)
            case 0x0A: throw start
            case 0x09 where !isJSON:
                output.append(byte)
                advance()
            case 0..<0x20, 0x7F: throw failure("control character in a string")
            default:
                output.append(byte)
                advance()
            }
        }
        throw start
    }

    private mutating func escape(into output: inout [UInt8]) throws(HCLError) {
        let bad = failure("malformed escape in a string")
        advance()
        guard let kind = peek() else { throw bad }
        advance()
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(kind)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "a"): output.append(0x07)
        case UInt8(ascii: "v"): output.append(0x0B)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            guard let scalar = unicodeEscape(digits: kind == UInt8(ascii: "u") ? 4 : 8) else { throw bad }
            output.append(contentsOf: String(scalar).utf8)
        default: throw bad
        }
    }

    private mutating func unicodeEscape(digits: Int) -> Unicode.Scalar? {
        guard let first = hexadecimal(digits) else { return nil }
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
        guard isJSON, peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") else { return nil }
        advance(2)
        guard let second = hexadecimal(4), (0xDC00..<0xE000).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private mutating func hexadecimal(_ digits: Int) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let byte = peek(), let digit = Hex.value(byte) else { return nil }
            value = value << 4 | UInt32(digit)
            advance()
        }
        return value
    }

    /// Reads a heredoc: `<<END`, lines of text, and a line with only `END`.
    ///
    /// With `<<-END` the closing line's indentation is removed from all lines, if all lines have it.
    mutating func heredoc() throws(HCLError) -> String {
        let start = failure("the heredoc that starts here is not closed")
        advance()
        guard peek() == UInt8(ascii: "<") else { throw start }
        advance()
        let isIndented = peek() == UInt8(ascii: "-")
        if isIndented { advance() }
        let marker = take { $0.isASCIILetterOrDigit || $0 == 0x5F }
        if peek() == 0x0D { advance() }
        guard !marker.isEmpty, peek() == 0x0A else { throw start }
        advance()
        var lines: [String] = []
        while peek() != nil {
            let line = take { $0 != 0x0A && ($0 >= 0x20 || $0 == 0x09 || $0 == 0x0D) && $0 != 0x7F }
            let blank = line.prefixUTF8 { $0 == 0x20 || $0 == 0x09 }
            var rest = line.dropFirstUTF8(blank.utf8.count)
            if rest.hasUTF8Suffix("\r") { rest = rest.dropLastUTF8() }
            if rest == marker { return Self.join(lines, removing: isIndented ? String(blank) : "") }
            guard peek() == 0x0A else { throw peek() == nil ? start : failure("control character in a heredoc") }
            advance()
            lines.append(line)
        }
        throw start
    }

    private static func join(_ lines: [String], removing indentation: String) -> String {
        let strips = lines.allSatisfy { $0.hasUTF8Prefix(indentation) || $0.isEmpty }
        return lines.map { (strips ? String($0.dropFirstUTF8(indentation.utf8.count)) : $0) + "\n" }.joined()
    }
}
