import DatabaseClients
import Syntax

/// Reads a script byte by byte for ``SQLScript``.
struct SQLScriptReader {
    private let bytes: [UInt8]
    private var position = 0
    private var text: [UInt8] = []
    private var pieces: [SQLScript.Piece] = []
    private var hasCode = false
    private var statements: [[SQLScript.Piece]] = []

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func read() throws(DatabaseError) -> [[SQLScript.Piece]] {
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: ";"):
                position += 1
                endStatement()
            case UInt8(ascii: "'"): try quoted(by: byte, isEscapeString ? .escapeString : .string)
            case UInt8(ascii: "\""): try quoted(by: byte, .identifier)
            case UInt8(ascii: "-") where starts(with: "--"): lineComment()
            case UInt8(ascii: "/") where starts(with: "/*"): try blockComment()
            case UInt8(ascii: "$"): try dollarQuoted()
            default:
                if !Self.isSpace(byte) { hasCode = true }
                if !takePlaceholder(.bare) { take(1) }
            }
        }
        endStatement()
        return statements
    }

    // MARK: Quotes and comments

    private mutating func quoted(by mark: UInt8, _ context: SQLScript.Context) throws(DatabaseError) {
        hasCode = true
        take(1)
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\\"), context == .escapeString {
                take(min(2, bytes.count - position))
            } else if byte == mark {
                take(1)
                // A doubled mark is the mark itself.
                guard position < bytes.count, bytes[position] == mark else { return }
                take(1)
            } else if !takePlaceholder(context) {
                take(1)
            }
        }
        throw .invalid("a statement has a quote that is not closed")
    }

    private mutating func lineComment() {
        while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D {
            if !takePlaceholder(.comment) { take(1) }
        }
    }

    /// Skips a block comment. Block comments nest.
    private mutating func blockComment() throws(DatabaseError) {
        var depth = 0
        repeat {
            guard position < bytes.count else { throw .invalid("a statement has a comment that is not closed") }
            if starts(with: "/*") {
                depth += 1
                take(2)
            } else if starts(with: "*/") {
                depth -= 1
                take(2)
            } else if !takePlaceholder(.comment) {
                take(1)
            }
        } while depth > 0
    }

    private mutating func dollarQuoted() throws(DatabaseError) {
        hasCode = true
        guard let mark = dollarMark else { return take(1) }
        take(mark.count)
        while position < bytes.count {
            if bytes[position...].starts(with: mark) { return take(mark.count) }
            if !takePlaceholder(.dollar(mark: mark)) { take(1) }
        }
        throw .invalid("a statement has a dollar quote that is not closed")
    }

    /// The mark `$$` or `$tag$` at the position; nil for a parameter such as `$1` and for a `$` within a name.
    private var dollarMark: [UInt8]? {
        if position > 0, Self.isNamePart(bytes[position - 1]) { return nil }
        let tag = bytes[(position + 1)...].prefix { Self.isNamePart($0) && $0 != UInt8(ascii: "$") }
        if let first = tag.first, first.isASCIIDigit { return nil }
        guard tag.endIndex < bytes.count, bytes[tag.endIndex] == UInt8(ascii: "$") else { return nil }
        return Array(bytes[position...tag.endIndex])
    }

    /// Whether the `'` at the position begins `E'…'` or `U&'…'`.
    private var isEscapeString: Bool {
        guard position > 0 else { return false }
        var start = position - 1
        if bytes[start] == UInt8(ascii: "&") {
            guard start > 0, bytes[start - 1].asciiLowercased == UInt8(ascii: "u") else { return false }
            start -= 1
        } else if bytes[start].asciiLowercased != UInt8(ascii: "e") {
            return false
        }
        return start == 0 || !Self.isNamePart(bytes[start - 1])
    }

    // MARK: Pieces

    private mutating func takePlaceholder(_ context: SQLScript.Context) -> Bool {
        guard bytes[position] == UInt8(ascii: "{"),
            let name = SQLScript.placeholders.first(where: { starts(with: "{{\($0)}}") })
        else { return false }
        flush()
        pieces.append(.placeholder(name: name, context))
        position += name.utf8.count + 4
        return true
    }

    private mutating func take(_ count: Int) {
        text += bytes[position..<position + count]
        position += count
    }

    private mutating func flush() {
        if !text.isEmpty { pieces.append(.text(text)) }
        text = []
    }

    private mutating func endStatement() {
        flush()
        if hasCode { statements.append(pieces) }
        pieces = []
        hasCode = false
    }

    private func starts(with text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// Whether a byte can be part of a name. Bytes from 0x80 are letters to PostgreSQL.
    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || byte == 0x5F || byte == 0x24 || byte >= 0x80
    }
}
