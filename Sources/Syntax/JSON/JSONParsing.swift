/// The largest document that is accepted, and how strictly it is read. The bounds are checked while a text is read.
public struct JSONLimits: Sendable {
    /// The largest number of nested arrays and objects.
    public var depthMax: Int
    /// The largest number of values and object keys together, which bounds the memory of the result.
    public var nodesMax: Int
    /// Whether faults are tolerated, for an answer that cannot be requested again.
    ///
    /// The last of several members with the same key is used, invalid Unicode becomes U+FFFD, and a byte order mark, unescaped
    /// control characters and text after the value are accepted.
    public var isLenient: Bool

    /// Creates limits.
    public init(depthMax: Int = 64, nodesMax: Int = 100_000, isLenient: Bool = false) {
        self.depthMax = depthMax
        self.nodesMax = nodesMax
        self.isLenient = isLenient
    }
}

/// A fault in a JSON text. It contains no part of the text, which may be a secret.
public struct JSONError: Error, Hashable, CustomStringConvertible {
    /// The kinds of faults. The raw value is the message.
    public enum Reason: String, Error, Sendable {
        /// The text ends within a value.
        case unexpectedEnd = "unexpected end of the text"
        /// A character is not allowed at its position.
        case unexpectedCharacter = "unexpected character"
        /// Text follows the value.
        case trailingText = "text after the end of the value"
        /// A number does not have the form of RFC 8259, section 6.
        case badNumber = "malformed number"
        /// An escape or a surrogate pair in a string is malformed.
        case badEscape = "malformed escape in a string"
        /// A string contains an unescaped control character.
        case controlCharacter = "control character in a string"
        /// A string is not valid UTF-8.
        case invalidUTF8 = "not valid UTF-8"
        /// Two members of an object have the same key.
        case duplicateKey = "an object has the same key twice"
        /// The nesting exceeds ``JSONLimits/depthMax``.
        case tooDeep = "nested too deeply"
        /// The number of values exceeds ``JSONLimits/nodesMax``.
        case tooManyValues = "too many values"
    }

    /// The kind of the fault.
    public var reason: Reason
    /// The number of bytes before the fault.
    public var offset: Int

    /// The fault with its position, such as `malformed number at byte 17`.
    public var description: String { "\(reason.rawValue) at byte \(offset)" }
}

extension JSON {
    /// Reads a text that is one JSON value (RFC 8259). Duplicate keys are refused.
    ///
    /// - Throws: ``JSONError`` if the text is not valid or exceeds `limits`.
    public init(parsing bytes: some Collection<UInt8>, limits: JSONLimits = .init()) throws(JSONError) {
        let result: Result<JSON, JSONError>? = bytes.withContiguousStorageIfAvailable { buffer in
            var parser = JSONParser(bytes: buffer, limits: limits)
            do throws(JSONError) { return .success(try parser.document()) } catch { return .failure(error) }
        }
        if let result {
            self = try result.get()
        } else {
            self = try JSON(parsing: Array(bytes), limits: limits)
        }
    }

    /// Reads a text that is one JSON value (RFC 8259). Duplicate keys are refused.
    ///
    /// - Throws: ``JSONError`` if the text is not valid or exceeds `limits`.
    public init(parsing text: String, limits: JSONLimits = .init()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }
}

/// A recursive-descent parser of JSON. The depth is bounded, so that no text can exhaust the stack.
private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    var position = 0
    var nodes = 0

    init(bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSON {
        if limits.isLenient, bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
        let result = try value(depth: 1)
        skipWhitespace()
        guard position == bytes.count || limits.isLenient else { throw failure(.trailingText) }
        return result
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        nodes += 1
        guard nodes <= limits.nodesMax else { throw failure(.tooManyValues) }
        skipWhitespace()
        switch try peek() {
        case UInt8(ascii: "{"):
            guard depth <= limits.depthMax else { throw failure(.tooDeep) }
            return .object(try object(depth: depth))
        case UInt8(ascii: "["):
            guard depth <= limits.depthMax else { throw failure(.tooDeep) }
            return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())  // text: a number
        default: throw failure(.unexpectedCharacter)
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        position += 1
        var members: [JSONObject.Member] = []
        var seen: Set<String> = []
        skipWhitespace()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return JSONObject()
        }
        while true {
            skipWhitespace()
            let start = position
            guard try peek() == UInt8(ascii: "\"") else { throw failure(.unexpectedCharacter) }
            let key = try string()
            nodes += 1
            // For the few members of most objects a scan is faster than hashing.
            let isDuplicate: Bool
            if members.count < 8 {
                isDuplicate = members.contains { $0.key == key }
            } else {
                if members.count == 8 { seen = Set(members.map(\.key)) }
                isDuplicate = !seen.insert(key).inserted
            }
            if isDuplicate {
                guard limits.isLenient else { throw JSONError(reason: .duplicateKey, offset: start) }
                members.removeAll { $0.key == key }
            }
            skipWhitespace()
            try expect(UInt8(ascii: ":"))
            members.append(.init(key: key, value: try value(depth: depth + 1)))
            skipWhitespace()
            if try peek() == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try expect(UInt8(ascii: "}"))
            return JSONObject(members)
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSON] {
        position += 1
        var values: [JSON] = []
        skipWhitespace()
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return values
        }
        while true {
            values.append(try value(depth: depth + 1))
            skipWhitespace()
            if try peek() == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try expect(UInt8(ascii: "]"))
            return values
        }
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let slice = UnsafeBufferPointer(rebasing: bytes[start..<position])
                position += 1
                return try text(slice, at: start)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 || limits.isLenient else { throw failure(.controlCharacter) }
            position += 1
        }
        throw failure(.unexpectedEnd)
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var output = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return try output.withUnsafeBufferPointer { buffer throws(JSONError) in try text(buffer, at: start) }
            case UInt8(ascii: "\\"): try escape(into: &output)
            case 0..<0x20 where !limits.isLenient: throw JSONError(reason: .controlCharacter, offset: position - 1)
            default: output.append(byte)
            }
        }
        throw failure(.unexpectedEnd)
    }

    private mutating func escape(into output: inout [UInt8]) throws(JSONError) {
        do throws(JSONError.Reason) {
            try JSONEscape.decode(bytes, at: &position, into: &output, isLenient: limits.isLenient)
        } catch {
            throw failure(error)
        }
    }

    private mutating func number() throws(JSONError) -> String {
        let start = position
        if try peek() == UInt8(ascii: "-") { position += 1 }
        let isZero = position < bytes.count && bytes[position] == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !isZero || whole == 1 else { throw failure(.badNumber) }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard digits() > 0 else { throw failure(.badNumber) }
        }
        if position < bytes.count, bytes[position].asciiLowercased == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard digits() > 0 else { throw failure(.badNumber) }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, bytes[position].isASCIIDigit { position += 1 }
        return position - start
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count else { throw failure(.unexpectedEnd) }
            guard bytes[position] == word.utf8Start[offset] else { throw failure(.unexpectedCharacter) }
            position += 1
        }
        return value
    }

    private func text(_ slice: UnsafeBufferPointer<UInt8>, at offset: Int) throws(JSONError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            if limits.isLenient { return String(decoding: slice, as: UTF8.self) }
            throw JSONError(reason: .invalidUTF8, offset: offset)
        }
        return text
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw failure(.unexpectedEnd) }
        return bytes[position]
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard try peek() == byte else { throw failure(.unexpectedCharacter) }
        position += 1
    }

    private func failure(_ reason: JSONError.Reason) -> JSONError { JSONError(reason: reason, offset: position) }
}
