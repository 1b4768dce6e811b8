/// Splits an HCL or JSON text into tokens. Comments and line ends are tokens as well, because ``HCLFormat`` keeps them.
struct HCLLexer {
    /// The kinds of tokens.
    enum Kind: Hashable {
        case identifier(String)
        case string(String)
        case heredoc(String)
        case number(String)
        case comment
        case newline
        /// One of the characters `{ } [ ] = , :`.
        case mark(UInt8)
        case end
    }

    /// A token with its bytes and its position.
    struct Token {
        var kind: Kind
        var range: Range<Int>
        var position: HCLPosition
    }

    let bytes: [UInt8]
    /// Whether the text is JSON, whose strings may have surrogate pairs and no raw tabs.
    let isJSON: Bool
    private var offset = 0
    private var here = HCLPosition(line: 1, column: 1)

    init(_ bytes: [UInt8], isJSON: Bool = false) {
        self.bytes = bytes
        self.isJSON = isJSON
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    /// Returns the next token; at the end of the text, a token of the kind `end`.
    mutating func next() throws(HCLError) -> Token {
        while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0D { advance() }
        let (start, position) = (offset, here)
        let kind = try scan()
        return Token(kind: kind, range: start..<offset, position: position)
    }

    private mutating func scan() throws(HCLError) -> Kind {
        guard let byte = peek() else { return .end }
        switch byte {
        case 0x0A:
            advance()
            return .newline
        case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "="), UInt8(ascii: ","),
            UInt8(ascii: ":"):
            advance()
            return .mark(byte)
        case UInt8(ascii: "#"): return lineComment()
        case UInt8(ascii: "/"): return try slashComment()
        case UInt8(ascii: "\""): return .string(try quoted())
        case UInt8(ascii: "<"): return .heredoc(try heredoc())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())  // text: a number
        case _ where Self.startsName(byte): return .identifier(name())
        default: throw failure("unexpected character")
        }
    }

    // MARK: Names, numbers and comments

    private static func startsName(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte == UInt8(ascii: "_")
    }

    private mutating func name() -> String {
        take { Self.startsName($0) || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private mutating func number() throws(HCLError) -> String {
        let position = here
        let text = take {
            Self.startsName($0) || $0.isASCIIDigit || [UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ".")].contains($0)
        }
        if case .number(let number)? = try? JSON(parsing: text) { return number }
        if let digits = text.removingUTF8Prefix("0x"), let value = UInt64(digits, radix: 16) {  // text: a number
            return String(value)
        }
        throw HCLError("malformed number", at: position)
    }

    private mutating func lineComment() -> Kind {
        while let byte = peek(), byte != 0x0A { advance() }
        return .comment
    }

    private mutating func slashComment() throws(HCLError) -> Kind {
        let start = here
        switch peek(1) {
        case UInt8(ascii: "/"): return lineComment()
        case UInt8(ascii: "*"):
            advance(2)
            while offset < bytes.count {
                if peek() == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                    advance(2)
                    return .comment
                }
                advance()
            }
            throw HCLError("the comment that starts here is not closed", at: start)
        default: throw failure("unexpected character")
        }
    }

    // MARK: Cursor

    /// Returns a byte without moving, or nil beyond the end of the text.
    func peek(_ ahead: Int = 0) -> UInt8? {
        offset + ahead < bytes.count ? bytes[offset + ahead] : nil
    }

    /// Moves past bytes and counts lines and columns.
    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where offset < bytes.count {
            if bytes[offset] == 0x0A {
                here = HCLPosition(line: here.line + 1, column: 1)
            } else if bytes[offset] & 0xC0 != 0x80 {
                here.column += 1
            }
            offset += 1
        }
    }

    /// Moves past the bytes for which `predicate` is true and returns them.
    mutating func take(while predicate: (UInt8) -> Bool) -> String {
        let start = offset
        while let byte = peek(), predicate(byte) { advance() }
        return text(start..<offset)
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func failure(_ message: String) -> HCLError { HCLError(message, at: here) }
}
