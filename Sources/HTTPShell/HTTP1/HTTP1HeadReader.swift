import NIOHTTP1
import Syntax

/// Reads a complete head, whose lines all have their line ends.
struct HTTP1HeadReader {
    private let bytes: UnsafeRawBufferPointer
    private let limits: RequestLimits
    private var position = 0

    init(bytes: UnsafeRawBufferPointer, limits: RequestLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Reads the request line and all header fields.
    mutating func head() throws(HTTPRefusal) -> HTTP1Parser.Head {
        let (method, target, isHTTP10) = try requestLine()
        var fields: [(String, String)] = []
        fields.reserveCapacity(8)
        var keepsAlive = !isHTTP10
        while position < bytes.count {
            guard fields.count < limits.headerCountMax else { throw .headersTooLarge }
            let (name, value) = try field()
            if name.utf8.count == 10, name.equals("connection") {
                Self.read(connection: value, isHTTP10: isHTTP10, into: &keepsAlive)
            }
            fields.append((name, value))
        }
        return HTTP1Parser.Head(
            method: method, target: target, isHTTP10: isHTTP10, headers: HTTPHeaders(fields), keepsAlive: keepsAlive)
    }

    private mutating func requestLine() throws(HTTPRefusal) -> (String, String, Bool) {
        let methodStart = position
        while position < bytes.count, HTTP1Characters.isMethod(bytes[position]) { position += 1 }
        let method = UnsafeRawBufferPointer(rebasing: bytes[methodStart..<position])
        guard (1...16).contains(method.count) else { throw .malformed }
        try skip(0x20)
        let targetStart = position
        var isASCII = true
        while position < bytes.count, bytes[position] > 0x20, bytes[position] != 0x7F {
            if bytes[position] >= 0x80 { isASCII = false }
            position += 1
        }
        let target = try text(targetStart..<position, isASCII: isASCII)
        guard !target.isEmpty else { throw .malformed }
        try skip(0x20)
        guard position + 10 <= bytes.count else { throw .malformed }
        for byte in "HTTP/1.".utf8 { try skip(byte) }
        let minor = bytes[position]
        guard minor == UInt8(ascii: "0") || minor == UInt8(ascii: "1") else { throw .malformed }
        position += 1
        try skip(0x0D)
        try skip(0x0A)
        return (String(decoding: method, as: UTF8.self), target, minor == UInt8(ascii: "0"))
    }

    private mutating func field() throws(HTTPRefusal) -> (String, String) {
        let nameStart = position
        while position < bytes.count, HTTP1Characters.isToken(bytes[position]) { position += 1 }
        let nameEnd = position
        guard nameEnd > nameStart else { throw .malformed }
        try skip(UInt8(ascii: ":"))
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
        let valueStart = position
        var valueEnd = position
        var isASCII = true
        while position < bytes.count, HTTP1Characters.isValue(bytes[position]) {
            let byte = bytes[position]
            position += 1
            if byte != 0x20, byte != 0x09 { valueEnd = position }
            if byte >= 0x80 { isASCII = false }
        }
        try skip(0x0D)
        try skip(0x0A)
        return (try text(nameStart..<nameEnd, isASCII: true), try text(valueStart..<valueEnd, isASCII: isASCII))
    }

    private mutating func skip(_ byte: UInt8) throws(HTTPRefusal) {
        guard position < bytes.count, bytes[position] == byte else { throw .malformed }
        position += 1
    }

    private func text(_ range: Range<Int>, isASCII: Bool) throws(HTTPRefusal) -> String {
        let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
        if isASCII { return String(decoding: slice, as: UTF8.self) }
        guard let text = String(validating: slice, as: UTF8.self) else { throw .malformed }
        return text
    }

    /// Reads the options `close` and `keep-alive` of a `Connection` header.
    private static func read(connection value: String, isHTTP10: Bool, into keepsAlive: inout Bool) {
        for option in value.utf8.split(separator: UInt8(ascii: ",")) {
            let word = Substring(option).dropUTF8 { $0 == 0x20 || $0 == 0x09 }.prefixUTF8 { $0 != 0x20 && $0 != 0x09 }
            if String(word).equals("close") {
                keepsAlive = false
                return
            }
            if isHTTP10, String(word).equals("keep-alive") { keepsAlive = true }
        }
    }
}

/// The character classes of RFC 9110 and RFC 9112.
enum HTTP1Characters {
    /// Returns whether a byte can be part of a method. Methods are case-sensitive, and all known methods consist of upper-case letters.
    static func isMethod(_ byte: UInt8) -> Bool { byte.isASCIIUppercase }

    /// Returns whether a byte can be part of a token, such as a field name (RFC 9110, section 5.6.2).
    static func isToken(_ byte: UInt8) -> Bool { tokens[Int(byte)] }

    /// Returns whether a byte can be part of a field value: a visible character, a space, a tab or a part of UTF-8 text.
    static func isValue(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }

    private static let tokens: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for byte in ("!#$%&'*+-.^_`|~" + ASCII.lettersAndDigits).utf8 { table[Int(byte)] = true }
        return table
    }()
}
