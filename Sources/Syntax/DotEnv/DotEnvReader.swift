/// Reads the variables of a `.env` file one after the other, scalar by scalar.
struct DotEnvReader {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var line = 1

    private static let nameBytesMax = 256

    init(_ text: String) {
        var scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        self.scalars = scalars
    }

    /// Returns the next variable, or nil at the end of the text.
    mutating func next() throws(DotEnvError) -> DotEnv.Variable? {
        skipBlankLines()
        guard position < scalars.count else { return nil }
        let start = line
        let name = try readName()
        let value = try readValue()
        guard !value.unicodeScalars.contains("\0") else { throw DotEnvError("the value has a NUL character", line: start) }
        return DotEnv.Variable(name: name, value: value, line: start)
    }

    // MARK: Names

    private mutating func readName() throws(DotEnvError) -> String {
        var name = takeName()
        if name == "export", let next = current, next == " " || next == "\t" {
            skipSpaces()
            name = takeName()
        }
        guard let first = name.utf8.first, !first.isASCIIDigit, first != UInt8(ascii: "-"), first != UInt8(ascii: ".")
        else { throw DotEnvError("expected NAME=value", line: line) }
        guard name.utf8.count <= Self.nameBytesMax else { throw DotEnvError("the name is too long", line: line) }
        skipSpaces()
        guard current == "=" else { throw DotEnvError("expected NAME=value", line: line) }
        position += 1
        skipSpaces()
        return name
    }

    private mutating func takeName() -> String {
        var name = String.UnicodeScalarView()
        while let scalar = current, Self.isNameScalar(scalar) {
            name.append(scalar)
            position += 1
        }
        return String(name)
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": true
        default: false
        }
    }

    // MARK: Values

    private mutating func readValue() throws(DotEnvError) -> String {
        guard let first = current, first == "\"" || first == "'" || first == "`" else { return readPlain() }
        let start = line
        position += 1
        let value = try readQuoted(by: first, from: start)
        skipSpaces()
        if current == "#" { skipLine() }
        guard current == nil || isAtLineEnd else {
            throw DotEnvError("unexpected text after the closing quote", line: line)
        }
        return value
    }

    /// Reads an unquoted value, which ends at the line's end or before a `#` that follows a space.
    ///
    /// A `#` directly after the `=` is the value's first character.
    private mutating func readPlain() -> String {
        var value = String.UnicodeScalarView()
        var isAfterSpace = position > 0 && (scalars[position - 1] == " " || scalars[position - 1] == "\t")
        while let scalar = current, !isAtLineEnd {
            if scalar == "#", isAfterSpace {
                skipLine()
                break
            }
            isAfterSpace = scalar == " " || scalar == "\t"
            value.append(scalar)
            position += 1
        }
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        return String(value)
    }

    private mutating func readQuoted(by quote: Unicode.Scalar, from start: Int) throws(DotEnvError) -> String {
        var value = String.UnicodeScalarView()
        while let scalar = current {
            position += 1
            if scalar == quote { return String(value) }
            if scalar == "\n" { line += 1 }
            if scalar == "\r", current == "\n" { continue }
            if scalar == "\\", quote == "\"", let escaped = current {
                position += 1
                if escaped == "\n" { line += 1 }
                value.append(contentsOf: Self.unescaped(escaped))
                continue
            }
            value.append(scalar)
        }
        throw DotEnvError("the quote that starts here is not closed", line: start)
    }

    private static func unescaped(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        switch scalar {
        case "n": ["\n"]
        case "r": ["\r"]
        case "t": ["\t"]
        case "\"", "\\", "$", "'", "`": [scalar]
        default: ["\\", scalar]
        }
    }

    // MARK: Moving on

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private var isAtLineEnd: Bool {
        current == "\n" || current == "\r" && (position + 1 == scalars.count || scalars[position + 1] == "\n")
    }

    private mutating func skipSpaces() {
        while let scalar = current, scalar == " " || scalar == "\t" { position += 1 }
    }

    private mutating func skipLine() { while current != nil, !isAtLineEnd { position += 1 } }

    private mutating func skipBlankLines() {
        while let scalar = current {
            switch scalar {
            case "\n":
                line += 1
                position += 1
            case " ", "\t", "\r": position += 1
            case "#": skipLine()
            default: return
            }
        }
    }
}
