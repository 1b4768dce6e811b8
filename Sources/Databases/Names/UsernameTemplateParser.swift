import DatabaseClients
import Syntax

/// Parses a ``UsernameTemplate``.
struct UsernameTemplateParser {
    private let bytes: [UInt8]
    private var position = 0
    private var nodes = 0

    private static let nodesMax = 256
    private static let depthMax = 16

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func parse() throws(DatabaseError) -> [UsernameTemplate.Piece] {
        var pieces: [UsernameTemplate.Piece] = []
        var text: [UInt8] = []
        while position < bytes.count {
            guard starts(with: "{{") else {
                text.append(bytes[position])
                position += 1
                continue
            }
            position += 2
            if starts(with: "- ") {
                position += 1
                while let last = text.last, Self.isSpace(last) { text.removeLast() }
            }
            if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
            text = []
            pieces.append(.action(try pipeline(depth: 0)))
            skipSpace()
            let trims = starts(with: "-}}")
            if trims { position += 1 }
            guard starts(with: "}}") else { throw refusal("an action is not closed with }}") }
            position += 2
            while trims, position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        }
        if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
        return pieces
    }

    /// Parses a pipeline such as `a | b x | c`, in which the value left of `|` becomes the last argument of the function
    /// right of it.
    private mutating func pipeline(depth: Int) throws(DatabaseError) -> UsernameTemplate.Expression {
        guard depth < Self.depthMax else { throw refusal("too many parentheses") }
        var result = try command(depth: depth, last: nil)
        while true {
            skipSpace()
            guard starts(with: "|") else { return result }
            position += 1
            result = try command(depth: depth, last: result)
        }
    }

    private mutating func command(
        depth: Int, last: UsernameTemplate.Expression?
    ) throws(DatabaseError) -> UsernameTemplate.Expression {
        skipSpace()
        guard let name = word() else {
            guard last == nil, let operand = try operand(depth: depth) else { throw refusal("a function is missing") }
            return operand
        }
        guard let function = UsernameFunction(rawValue: name) else { throw refusal("it has a function that is not known here") }
        var arguments: [UsernameTemplate.Expression] = []
        while let operand = try operand(depth: depth) { arguments.append(operand) }
        if let last { arguments.append(last) }
        guard function.takes(arguments.count) else { throw refusal("\(function.rawValue) has the wrong number of arguments") }
        return try counted(.call(function, arguments))
    }

    private mutating func operand(depth: Int) throws(DatabaseError) -> UsernameTemplate.Expression? {
        skipSpace()
        guard position < bytes.count else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "("):
            position += 1
            let inner = try pipeline(depth: depth + 1)
            skipSpace()
            guard starts(with: ")") else { throw refusal("a parenthesis is not closed") }
            position += 1
            return inner
        case UInt8(ascii: "."):
            position += 1
            switch word() {
            case "DisplayName": return try counted(.displayName)
            case "RoleName": return try counted(.roleName)
            default: throw refusal("the fields are .DisplayName and .RoleName")
            }
        case UInt8(ascii: "\""), UInt8(ascii: "`"): return try counted(.text(try quoted()))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try counted(.number(try number()))  // text: a number
        default:
            // A function without arguments is a value, as in `printf "%s" unix_time`.
            let start = position
            guard let name = word() else { return nil }
            guard let function = UsernameFunction(rawValue: name), function.takes(0) else {
                position = start
                throw refusal("write (\u{2026}) around a function that takes arguments")
            }
            return try counted(.call(function, []))
        }
    }

    private mutating func counted(_ node: UsernameTemplate.Expression) throws(DatabaseError) -> UsernameTemplate.Expression {
        nodes += 1
        guard nodes <= Self.nodesMax else { throw refusal("it has too many parts") }
        return node
    }

    private mutating func quoted() throws(DatabaseError) -> String {
        let mark = bytes[position]
        position += 1
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != mark {
            if mark == UInt8(ascii: "\""), bytes[position] == UInt8(ascii: "\\") {
                position += 1
                guard position < bytes.count, "\"\\".utf8.contains(bytes[position]) else {
                    throw refusal("it has an unknown escape")
                }
            }
            text.append(bytes[position])
            position += 1
        }
        guard position < bytes.count else { throw refusal("a string is not closed") }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func number() throws(DatabaseError) -> Int {
        let digits = bytes[position...].prefix { $0.isASCIIDigit }
        position += digits.count
        guard digits.count <= 6, let value = Int(String(decoding: digits, as: UTF8.self)) else {
            throw refusal("it has too large a number")
        }
        return value
    }

    /// Reads the name of a function or field, or returns nil if there is none.
    private mutating func word() -> String? {
        let letters = bytes[position...].prefix {
            $0.isASCIILetter || $0 == 0x5F || $0.isASCIIDigit
        }
        guard let first = letters.first, !first.isASCIIDigit else { return nil }
        position += letters.count
        return String(decoding: letters, as: UTF8.self)
    }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private func starts(with text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private func refusal(_ what: String) -> DatabaseError { .invalid("username_template cannot be used: \(what)") }
}
