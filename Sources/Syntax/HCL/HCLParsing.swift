extension HCLBody {
    /// Reads a document: JSON if its first character is `{`, HCL otherwise.
    ///
    /// - Throws: ``HCLError`` if the text is not valid or exceeds `limits`.
    public init(parsing bytes: [UInt8], limits: HCLLimits = .init()) throws(HCLError) {
        let isMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let first = bytes.dropFirst(isMark ? 3 : 0).first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if first == UInt8(ascii: "{") {
            try self.init(json: bytes, limits: limits)
        } else {
            try self.init(hcl: bytes, limits: limits)
        }
    }

    /// Reads a document: JSON if its first character is `{`, HCL otherwise.
    ///
    /// - Throws: ``HCLError`` if the text is not valid or exceeds `limits`.
    public init(parsing text: String, limits: HCLLimits = .init()) throws(HCLError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }

    /// Reads the subset of HCL 1 that Vault's policies and configuration use.
    ///
    /// - Throws: ``HCLError`` if the text is not valid or exceeds `limits`.
    public init(hcl bytes: [UInt8], limits: HCLLimits = .init()) throws(HCLError) {
        try HCLBody.check(bytes, limits)
        var parser = try HCLParser(HCLLexer(bytes), limits: limits)
        self = try parser.body(depth: 1, isDocument: true)
    }

    /// Reads a JSON object. Each member becomes an attribute, which ``blocks(_:labels:)`` can read as a block.
    ///
    /// - Throws: ``HCLError`` if the text is not a JSON object or exceeds `limits`.
    public init(json bytes: [UInt8], limits: HCLLimits = .init()) throws(HCLError) {
        try HCLBody.check(bytes, limits)
        do throws(JSONError) {
            _ = try JSON(parsing: bytes, limits: JSONLimits(depthMax: limits.depthMax, nodesMax: limits.nodesMax))
        } catch {
            throw HCLError(error.reason.rawValue, at: HCLBody.position(of: error.offset, in: bytes))
        }
        // The text is valid JSON. It is read again as HCL to find the position of each value.
        var parser = try HCLParser(HCLLexer(bytes, isJSON: true), limits: limits)
        guard case .object(let body) = try parser.value(depth: 1).content else {
            throw HCLError("expected an object", at: .init(line: 1, column: 1))
        }
        self = body
    }

    /// Checks the size of a text and that it is valid UTF-8.
    private static func check(_ bytes: [UInt8], _ limits: HCLLimits) throws(HCLError) {
        let start = HCLPosition(line: 1, column: 1)
        guard bytes.count <= limits.bytesMax else { throw HCLError("the text is longer than \(limits.bytesMax) bytes", at: start) }
        guard String(validating: bytes, as: UTF8.self) == nil else { return }
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw HCLError("not valid UTF-8", at: .init(line: line + 1, column: 1))
    }

    /// Returns the line and column of a byte.
    private static func position(of offset: Int, in bytes: [UInt8]) -> HCLPosition {
        let before = bytes.prefix(offset)
        let lastLine = before.suffix(from: before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0)
        return HCLPosition(
            line: before.count { $0 == 0x0A } + 1, column: lastLine.count { $0 & 0xC0 != 0x80 } + 1)
    }
}

/// A recursive-descent parser of HCL. The depth is bounded, so that no text can exhaust the stack.
struct HCLParser {
    private var lexer: HCLLexer
    private var token: HCLLexer.Token
    private let limits: HCLLimits
    private var nodes = 0

    init(_ lexer: HCLLexer, limits: HCLLimits) throws(HCLError) {
        self.lexer = lexer
        self.limits = limits
        self.token = HCLLexer.Token(kind: .end, range: 0..<0, position: .init(line: 1, column: 1))
        try advance()
    }

    /// Reads members up to the end of the document or the closing brace, which is not consumed.
    mutating func body(depth: Int, isDocument: Bool) throws(HCLError) -> HCLBody {
        var body = HCLBody(position: token.position)
        var names: Set<String> = []
        while true {
            let position = token.position
            switch token.kind {
            case .end where isDocument, .mark(UInt8(ascii: "}")) where !isDocument: return body
            case .end: throw failure("the text ends before \"}\"")
            case .identifier(let name), .string(let name):
                try count()
                try advance()
                if isMark(lexer.isJSON ? ":" : "=") {
                    try advance()
                    guard names.insert(name).inserted else {
                        throw HCLError("\(HCLError.quoted(name)) is set twice", at: position)
                    }
                    body.attributes.append(.init(name: name, value: try value(depth: depth), position: position))
                } else {
                    body.blocks.append(try block(name, at: position, depth: depth))
                }
                if isMark(",") { try advance() }
            default: throw failure(isDocument ? "expected a name" : "expected a name or \"}\"")
            }
        }
    }

    private mutating func block(_ type: String, at position: HCLPosition, depth: Int) throws(HCLError) -> HCLBlock {
        var labels: [String] = []
        while true {
            switch token.kind {
            case .identifier(let label), .string(let label):
                try count()
                labels.append(label)
                try advance()
            case .mark(UInt8(ascii: "{")):
                return HCLBlock(type: type, labels: labels, body: try braces(depth: depth), position: position)
            default: throw failure(labels.isEmpty ? "expected \"=\" or \"{\"" : "expected \"{\"")
            }
        }
    }

    /// Reads a value.
    mutating func value(depth: Int) throws(HCLError) -> HCLValue {
        try count()
        let position = token.position
        let content: HCLValue.Content
        switch token.kind {
        case .string(let text), .heredoc(let text): content = .string(text)
        case .number(let text): content = .number(text)
        case .identifier("true"): content = .bool(true)
        case .identifier("false"): content = .bool(false)
        case .identifier("null") where lexer.isJSON: content = .null
        case .mark(UInt8(ascii: "[")): return HCLValue(.list(try list(depth: depth)), position: position)
        case .mark(UInt8(ascii: "{")): return HCLValue(.object(try braces(depth: depth)), position: position)
        default: throw failure("expected a value")
        }
        try advance()
        return HCLValue(content, position: position)
    }

    private mutating func braces(depth: Int) throws(HCLError) -> HCLBody {
        guard depth < limits.depthMax else { throw failure("nested too deeply") }
        let position = token.position
        try advance()
        var result = try body(depth: depth + 1, isDocument: false)
        result.position = position
        try advance()
        return result
    }

    private mutating func list(depth: Int) throws(HCLError) -> [HCLValue] {
        guard depth < limits.depthMax else { throw failure("nested too deeply") }
        try advance()
        var values: [HCLValue] = []
        while !isMark("]") {
            values.append(try value(depth: depth + 1))
            if isMark(",") {
                try advance()
            } else if !isMark("]") {
                throw failure("expected \",\" or \"]\"")
            }
        }
        try advance()
        return values
    }

    /// Moves to the next token that is not a comment or a line end.
    private mutating func advance() throws(HCLError) {
        repeat { token = try lexer.next() } while token.kind == .comment || token.kind == .newline
    }

    /// Counts an attribute, block or value against the limit.
    private mutating func count() throws(HCLError) {
        nodes += 1
        guard nodes <= limits.nodesMax else { throw failure("too many values") }
    }

    private func isMark(_ mark: Unicode.Scalar) -> Bool { token.kind == .mark(UInt8(ascii: mark)) }

    private func failure(_ message: String) -> HCLError { HCLError(message, at: token.position) }
}
