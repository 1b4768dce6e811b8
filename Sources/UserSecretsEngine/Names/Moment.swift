import EngineKit
import Syntax

/// Times as requests have them.
enum Moment {
    /// Reads a time: RFC 3339 with `Z` or an offset, the same without a zone (UTC), a date, or seconds since 1970 as a number or
    /// digits. Parts of a microsecond are dropped. Returns nil if the value has no such form or is not in the years 1970 to 2250.
    static func read(_ value: JSON) -> Timestamp? {
        switch value {
        case .number(let text): seconds(Array(text.utf8))
        case .string(let text): text.utf8.count <= 40 ? read(Array(text.utf8)) : nil
        default: nil
        }
    }

    private static let secondsMax = CivilDate(year: 2251, month: 1, day: 1).daysSince1970 * 86_400

    private static func read(_ text: [UInt8]) -> Timestamp? {
        text.count > 4 && text[4] == UInt8(ascii: "-") ? date(text) : seconds(text)
    }

    /// Reads seconds, of which a fraction is kept.
    private static func seconds(_ text: [UInt8]) -> Timestamp? {
        var reader = DigitReader(text)
        guard let seconds = reader.number(1...11), let fraction = reader.fraction(), reader.isAtEnd else { return nil }
        return moment(seconds, nanoseconds: fraction)
    }

    private static func date(_ text: [UInt8]) -> Timestamp? {
        var reader = DigitReader(text)
        guard let year = reader.number(4...4), reader.skip("-"), let month = reader.number(2...2), reader.skip("-"),
            let day = reader.number(2...2), (1970...2250).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        guard CivilDate(daysSince1970: days).day == day else { return nil }
        if reader.isAtEnd { return moment(days * 86_400, nanoseconds: 0) }
        guard reader.skip("T") || reader.skip("t") || reader.skip(" "), let hour = reader.number(2...2), hour < 24,
            reader.skip(":"),
            let minute = reader.number(2...2), minute < 60
        else { return nil }
        var second = 0
        if reader.skip(":") {
            guard let number = reader.number(2...2), number < 60 else { return nil }
            second = number
        }
        guard let fraction = reader.fraction(), let offset = reader.offset(), reader.isAtEnd else { return nil }
        return moment(days * 86_400 + hour * 3_600 + minute * 60 + second - offset, nanoseconds: fraction)
    }

    private static func moment(_ seconds: Int, nanoseconds: Int) -> Timestamp? {
        guard (0..<secondsMax).contains(seconds) else { return nil }
        return Timestamp(nanoseconds: Int64(seconds) * 1_000_000_000 + Int64(nanoseconds))
    }
}

/// Reads digits and separators from the start of a text.
private struct DigitReader {
    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { position == text.count }

    /// Reads a number of so many digits.
    mutating func number(_ digits: ClosedRange<Int>) -> Int? {
        var (number, count) = (0, 0)
        while position < text.count, count < digits.upperBound, text[position].isASCIIDigit {
            number = number * 10 + Int(text[position] - UInt8(ascii: "0"))
            position += 1
            count += 1
        }
        return digits.contains(count) ? number : nil
    }

    /// Skips a separator. Returns false, and skips nothing, if something else follows.
    mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    /// Reads a fraction of a second, in nanoseconds of whole microseconds; 0 if there is none.
    mutating func fraction() -> Int? {
        guard skip(".") else { return 0 }
        var (nanoseconds, unit, count) = (0, 100_000_000, 0)
        while position < text.count, text[position].isASCIIDigit {
            nanoseconds += Int(text[position] - UInt8(ascii: "0")) * unit
            unit /= 10
            position += 1
            count += 1
        }
        return count > 0 ? nanoseconds / 1_000 * 1_000 : nil
    }

    /// Reads a zone, in seconds east of UTC; 0 if there is none.
    mutating func offset() -> Int? {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let sign = skip("+") ? 1 : -1
        guard sign == 1 || skip("-"), let hours = number(2...2), hours < 24 else { return nil }
        _ = skip(":")
        guard let minutes = number(2...2), minutes < 60 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}

extension Timestamp {
    /// The same moment without its fraction of a microsecond: the finest that answers of the User API show.
    var wholeMicroseconds: Timestamp {
        Timestamp(nanoseconds: nanoseconds - (nanoseconds % 1_000 + 1_000) % 1_000)
    }
}
