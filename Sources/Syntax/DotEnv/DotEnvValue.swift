/// A value as it is written to a `.env` file, in the form that the most programs read back unchanged.
///
/// A value without special characters is written without quotes. Any other value is written in single quotes, in which bash,
/// Node.js and Compose expand nothing, or in double quotes if more programs read that form correctly. A shell that sources the file
/// never runs any part of a value.
public struct DotEnvValue: Sendable, Hashable {
    /// A program that reads `.env` files and misreads some values.
    public enum Reader: String, Sendable, CaseIterable {
        /// A shell that sources the file.
        case bash
        /// Node.js with `--env-file`.
        case node
        /// Docker Compose.
        case compose = "Compose"
        /// python-dotenv with `interpolate=False`.
        case pythonDotEnv = "python-dotenv"
        /// python-dotenv with its default settings, which expands `${NAME}` in every kind of quotes.
        case pythonDotEnvInterpolating = "python-dotenv without interpolate=False"
    }

    /// The text to write after `NAME=`.
    public let text: String
    /// The programs that read another value from the text. ``DotEnv`` always reads the value back.
    public let misreaders: [Reader]

    /// Finds the form of a value.
    ///
    /// - Parameter value: The value. It must not contain a NUL, which no variable can have.
    public init(_ value: String) {
        let traits = Traits(value.utf8)
        guard !traits.isPlain else {
            text = value
            misreaders = []
            return
        }
        let form = traits.form
        text = form == .single ? Self.single(value) : Self.double(value)
        misreaders = form == .single ? traits.misreadersOfSingle : traits.misreadersOfDouble
    }

    /// The quotes that a value is written in.
    private enum Form { case single, double }

    /// The properties of a value that determine how programs read it.
    private struct Traits {
        var isPlain = true
        var hasSingleQuote = false
        var hasDoubleQuote = false
        var hasBackslash = false
        /// Whether there are two backslashes in a row, which python-dotenv reads as one within single quotes.
        var hasBackslashPair = false
        /// Whether the last byte is a backslash, which would escape the closing quote.
        var endsInBackslash = false
        var hasBacktick = false
        /// Whether there is a `$` or a backtick, which bash expands within double quotes.
        var hasExpansion = false
        var hasBracedExpansion = false
        var hasCarriageReturn = false

        init(_ bytes: String.UTF8View) {
            var before: UInt8 = 0
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "'"): hasSingleQuote = true
                case UInt8(ascii: "\""): hasDoubleQuote = true
                case UInt8(ascii: "\\"):
                    hasBackslash = true
                    if before == byte { hasBackslashPair = true }
                case UInt8(ascii: "$"): hasExpansion = true
                case UInt8(ascii: "`"): (hasExpansion, hasBacktick) = (true, true)
                case UInt8(ascii: "{"): if before == UInt8(ascii: "$") { hasBracedExpansion = true }
                case 0x0D: hasCarriageReturn = true
                default: break
                }
                if !Self.isPlain(byte) { isPlain = false }
                before = byte
            }
            endsInBackslash = before == UInt8(ascii: "\\")
        }

        var form: Form {
            if hasSingleQuote || hasCarriageReturn || endsInBackslash { return .double }
            return hasBackslashPair && !hasExpansion ? .double : .single
        }

        var misreadersOfSingle: [Reader] {
            if hasBackslashPair { return [.pythonDotEnv] }
            return hasBracedExpansion ? [.pythonDotEnvInterpolating] : []
        }

        var misreadersOfDouble: [Reader] {
            var found: [Reader] = []
            if hasCarriageReturn { found.append(.bash) }
            if hasDoubleQuote || hasBackslash || hasExpansion || hasCarriageReturn { found.append(.node) }
            if hasBacktick { found.append(.compose) }
            if hasExpansion { found.append(.pythonDotEnv) }
            return found
        }

        private static func isPlain(_ byte: UInt8) -> Bool {
            byte.isASCIILetterOrDigit || "_-./:+=@%,".utf8.contains(byte)
        }
    }

    private static func single(_ value: String) -> String { "'" + value + "'" }

    /// Writes a value in double quotes.
    ///
    /// A line feed is written as it is, because bash does not know `\n`. A carriage return is escaped, because readers drop it before a
    /// line feed.
    private static func double(_ value: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "$"), UInt8(ascii: "`"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0D: bytes += "\\r".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }
}
