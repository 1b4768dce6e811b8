import EngineKit
import Syntax

/// Times in whole seconds, as the Engine API writes them, such as `2025-08-10T12:00:00Z`.
enum UnixTime {
    /// Returns a time in seconds since 1970 in RFC 3339. Times outside of 1970 to 2255 become the nearest that is inside.
    static func text(_ seconds: Int) -> String {
        let bounded = min(max(seconds, 0), 9_000_000_000)
        return String(Timestamp(seconds: bounded).description.prefixUTF8(19)) + "Z"
    }

    /// Reads a time as seconds since 1970, from a number, a number as text, or RFC 3339 with `Z` or an offset. A fraction of a second
    /// is dropped. Returns nil if the value has no such form.
    static func seconds(_ value: JSON) -> Int? {
        switch value {
        case .number, .string: break
        default: return nil
        }
        if let number = TokenReading.number(value) { return number >= 0 && number < 9e9 ? Int(number) : nil }
        return value.stringValue.flatMap { parse(Array($0.utf8)) }
    }

    /// Parses RFC 3339 for the years 1970 to 2250.
    private static func parse(_ text: [UInt8]) -> Int? {
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= text.count, text[range].allSatisfy({ $0.isASCIIDigit }) else { return nil }
            return text[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard text.count >= 20, text.count <= 40, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10].asciiLowercased == UInt8(ascii: "t") || text[10] == 0x20, text[13] == UInt8(ascii: ":"),
            text[16] == UInt8(ascii: ":"),
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1970...2250).contains(year), (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var position = 19
        if text[position] == UInt8(ascii: ".") {
            position += 1
            while position < text.count, text[position].isASCIIDigit { position += 1 }
        }
        guard position < text.count else { return nil }
        var offset = 0
        switch text[position] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): guard position + 1 == text.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard position + 6 == text.count, text[position + 3] == UInt8(ascii: ":"),
                let hours = number(position + 1..<position + 3), let minutes = number(position + 4..<position + 6)
            else { return nil }
            offset = (hours * 60 + minutes) * (text[position] == UInt8(ascii: "+") ? 60 : -60)
        default: return nil
        }
        return CivilDate(year: year, month: month, day: day).daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
    }
}
