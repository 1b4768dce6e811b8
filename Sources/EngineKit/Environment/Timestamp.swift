/// A moment: nanoseconds since 1970-01-01T00:00:00Z.
package struct Timestamp: Sendable, Hashable, Comparable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    package init(seconds: Int) { nanoseconds = Int64(seconds) * 1_000_000_000 }

    /// Whole seconds, rounded down.
    package var seconds: Int { Int(nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000) }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Stops at the far future instead of overflowing.
    package func adding(seconds: Int) -> Timestamp {
        let (product, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow2) = nanoseconds.addingReportingOverflow(product)
        return overflow || overflow2 ? Timestamp(nanoseconds: .max) : Timestamp(nanoseconds: sum)
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
    /// RFC 3339 in UTC with nine digits of a second, as the Vault API writes times.
    package var description: String {
        let seconds = Int64(self.seconds)
        let fraction = nanoseconds - seconds * 1_000_000_000
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = Int(seconds - days * 86_400)
        let (year, month, day) = Self.civil(fromDays: Int(days))
        return "\(Self.pad(year, 4))-\(Self.pad(month, 2))-\(Self.pad(day, 2))"
            + "T\(Self.pad(second / 3600, 2)):\(Self.pad(second / 60 % 60, 2)):\(Self.pad(second % 60, 2))"
            + ".\(Self.pad(Int(fraction), 9))Z"
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// Days since the epoch to a Gregorian date; the year starts in March so that leap days come last.
    private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
