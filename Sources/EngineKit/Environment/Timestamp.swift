import Syntax

/// A moment: nanoseconds since 1970-01-01T00:00:00Z.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Nanoseconds since 1970-01-01T00:00:00Z; negative before that.
    package var nanoseconds: Int64

    /// Creates the moment `nanoseconds` after 1970-01-01T00:00:00Z.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    /// Stops at the first or the last moment that there is: whoever stored or sent the number may have meant harm.
    package init(seconds: Int) {
        let (product, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { self = seconds < 0 ? .earliest : .latest } else { nanoseconds = product }
    }

    private static let earliest = Timestamp(nanoseconds: .min)
    private static let latest = Timestamp(nanoseconds: .max)

    /// Whole seconds, rounded down.
    package var seconds: Int { Int(nanoseconds / 1_000_000_000 - (nanoseconds % 1_000_000_000 < 0 ? 1 : 0)) }

    /// The same moment without its fraction of a second.
    package var wholeSeconds: Timestamp { Timestamp(seconds: seconds) }

    /// Returns whether `left` is before `right`.
    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Stops at the far future, or the far past, instead of overflowing.
    package func adding(seconds: Int) -> Timestamp {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(Timestamp(seconds: seconds).nanoseconds)
        if overflow { return seconds < 0 ? .earliest : .latest }
        return Timestamp(nanoseconds: sum)
    }

    /// Seconds from `earlier` to this, rounded up; 0 when it lies behind.
    package func secondsRoundedUp(since earlier: Timestamp) -> Int {
        guard self > earlier else { return 0 }
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return overflow ? .max : Int((difference - 1) / 1_000_000_000 + 1)
    }

    /// The same, rounded down.
    package func secondsRoundedDown(since earlier: Timestamp) -> Int {
        guard self > earlier else { return 0 }
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return overflow ? .max : Int(difference / 1_000_000_000)
    }
}

extension Timestamp: CustomStringConvertible {
    /// The length of ``description``. Years from 1677 to 2262 are all that fit, so no number is wider than its place.
    private static let textBytes = "2006-01-02T15:04:05.000000000Z".utf8.count

    /// RFC 3339 in UTC with nine digits of a second, as the Vault API writes times.
    package var description: String {
        String(unsafeUninitializedCapacity: Self.textBytes) { text in
            write(to: text)
            return Self.textBytes
        }
    }

    /// Appends the description as ASCII, without a string in between: answers are full of times.
    package func encode(into output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textBytes) { text in
            write(to: text)
            output.append(contentsOf: UnsafeBufferPointer(text))
        }
    }

    private func write(to text: UnsafeMutableBufferPointer<UInt8>) {
        let seconds = Int64(self.seconds)
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = Int(seconds - days * 86_400)
        let date = CivilDate(daysSince1970: Int(days))
        var position = 0
        func write(_ value: Int, digits: Int, then separator: UInt8) {
            var rest = value
            for place in (position..<position + digits).reversed() {
                text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            text[position + digits] = separator
            position += digits + 1
        }
        write(date.year, digits: 4, then: UInt8(ascii: "-"))
        write(date.month, digits: 2, then: UInt8(ascii: "-"))
        write(date.day, digits: 2, then: UInt8(ascii: "T"))
        write(second / 3600, digits: 2, then: UInt8(ascii: ":"))
        write(second / 60 % 60, digits: 2, then: UInt8(ascii: ":"))
        write(second % 60, digits: 2, then: UInt8(ascii: "."))
        // Wrapping, because the seconds of the earliest moments do not fit as nanoseconds; the difference always does.
        write(Int(nanoseconds &- seconds &* 1_000_000_000), digits: 9, then: UInt8(ascii: "Z"))
    }
}
