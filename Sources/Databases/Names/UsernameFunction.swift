import Crypto
import DatabaseClients
import EngineKit
import Syntax

/// The functions of a ``UsernameTemplate``. In a pipeline, the value on the left becomes the last argument.
enum UsernameFunction: String, Sendable {
    case random, truncate, uppercase, lowercase, replace, sha256, timestamp, uuid, printf
    case truncateSHA256 = "truncate_sha256"
    case unixTime = "unix_time"
    case unixTimeMillis = "unix_time_millis"

    private static let randomMax = 128

    func takes(_ count: Int) -> Bool {
        switch self {
        case .unixTime, .unixTimeMillis, .uuid: count == 0
        case .random, .uppercase, .lowercase, .sha256, .timestamp: count == 1
        case .truncate, .truncateSHA256: count == 2
        case .replace: count == 3
        case .printf: count >= 1
        }
    }

    /// Applies the function. The parser has checked the number of arguments.
    func apply(
        _ arguments: [UsernameValue], time: Timestamp, randomness: any Randomness
    ) throws(DatabaseError) -> UsernameValue {
        switch self {
        case .unixTime: return .text(String(time.seconds))
        case .unixTimeMillis: return .text(String(time.nanoseconds / 1_000_000))
        case .uuid: return .text(randomness.uuid())
        case .random: return .text(Self.random(try number(arguments[0], 1...Self.randomMax), randomness))
        case .uppercase: return .text(try text(arguments[0]).uppercased())
        case .lowercase: return .text(try text(arguments[0]).lowercased())
        case .sha256: return .text(Self.digest(try text(arguments[0]).utf8))
        case .timestamp: return .text(GoTimeLayout.format(time, layout: try text(arguments[0])))
        case .truncate:
            let scalars = try text(arguments[1]).unicodeScalars.prefix(try number(arguments[0], 1...4_096))
            return .text(String(String.UnicodeScalarView(scalars)))
        case .truncateSHA256:
            return .text(try Self.truncate(try text(arguments[1]), to: try number(arguments[0], 9...4_096)))
        case .replace:
            let (old, new) = (try text(arguments[0]), try text(arguments[1]))
            guard !old.isEmpty else { throw .invalid("username_template cannot be used: the first argument of replace is empty") }
            return .text(try text(arguments[2]).replacingUTF8(old, with: new))
        case .printf: return .text(try Self.printf(try text(arguments[0]), arguments.dropFirst()))
        }
    }

    private func text(_ value: UsernameValue) throws(DatabaseError) -> String {
        guard case .text(let text) = value else { throw .invalid("username_template cannot be used: \(rawValue) takes text") }
        return text
    }

    private func number(_ value: UsernameValue, _ range: ClosedRange<Int>) throws(DatabaseError) -> Int {
        guard case .number(let number) = value, range.contains(number) else {
            throw .invalid(
                "username_template cannot be used: \(rawValue) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static let alphabet = Array(ASCII.lettersAndDigits.utf8)

    static func random(_ count: Int, _ randomness: any Randomness) -> String {
        var output: [UInt8] = []
        while output.count < count {
            // 248 is the largest multiple of 62 in a byte, so every character is equally likely.
            for byte in randomness.bytes(count) where byte < 248 && output.count < count { output.append(alphabet[Int(byte) % 62]) }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Returns the SHA-256 in lower-case hex.
    private static func digest(_ text: some Sequence<UInt8>) -> String {
        Hex.encode(SHA256.hash(data: Array(text)))
    }

    /// Truncates a text so that names with the same beginning stay different: the last eight characters are a digest of
    /// what was cut off.
    private static func truncate(_ text: String, to count: Int) throws(DatabaseError) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count > count else { return text }
        return String(decoding: bytes[..<(count - 8)], as: UTF8.self) + digest(bytes[(count - 8)...]).prefixUTF8(8)
    }

    /// Formats values. The format may have `%s`, `%v`, `%d` and `%%`.
    private static func printf(_ format: String, _ values: ArraySlice<UsernameValue>) throws(DatabaseError) -> String {
        var (output, rest, values) = ("", format[...], values)
        while let (before, after) = rest.cutUTF8(at: "%") {
            output += before
            rest = after.dropFirstUTF8()
            switch after.unicodeScalars.first {
            case "%": output += "%"
            case "s", "v", "d":
                guard let value = values.popFirst() else {
                    throw .invalid("username_template cannot be used: printf has too few arguments")
                }
                output += value.text
            default: throw .invalid("username_template cannot be used: printf knows %s, %v, %d and %%")
            }
        }
        guard values.isEmpty else { throw .invalid("username_template cannot be used: printf has too many arguments") }
        return output + rest
    }
}
