/// A value as it is written into a `.env` file, so that as many readers as possible read it back the same.
///
/// A value that no reader gives a meaning to stands bare. Any other goes into single quotes, where bash, Node.js and Compose
/// expand nothing; or into double quotes, where that form is read alike by more. What stands there never runs anything in a shell
/// that sources the file.
public struct DotEnvValue: Sendable, Hashable {
    /// Who reads such files, and reads some values in another way.
    public enum Reader: String, Sendable, CaseIterable {
        case bash, node
        case compose = "Compose"
        case pythonDotEnv = "python-dotenv"
        /// python-dotenv as it comes, which expands `${NAME}` within every kind of quotes.
        case pythonDotEnvInterpolating = "python-dotenv without interpolate=False"
    }

    /// What stands behind `NAME=`.
    public let text: String
    /// The readers that make something else of it. ``DotEnv`` always reads it back.
    public let misreaders: [Reader]

    /// The value may not hold a NUL, which no variable can have.
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

    private enum Form { case single, double }

    /// What matters to the readers, of one value.
    private struct Traits {
        var isPlain = true
        var hasSingleQuote = false
        var hasDoubleQuote = false
        var hasBackslash = false
        /// Two in a row, which python-dotenv takes for one within single quotes.
        var hasBackslashPair = false
        /// At its end, where it would escape the closing quote.
        var endsInBackslash = false
        var hasBacktick = false
        /// `$` or a backtick: what bash expands within double quotes.
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

    /// A line's end stands as it is, since bash does not know `\n`; a carriage return would be lost as it is.
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
