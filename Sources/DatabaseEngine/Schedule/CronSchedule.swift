import EngineKit
import Syntax

/// A cron schedule in UTC: minute, hour, day of the month, month, day of the week.
///
/// Fields can be `*`, numbers, names (`jan`, `mon`), ranges, lists and steps. `@hourly`, `@daily`, `@weekly`, `@monthly`
/// and `@yearly` are schedules as well. If both days are given, one of them has to match, as in other implementations of
/// cron.
struct CronSchedule: Sendable, Hashable {
    enum Refusal: String, Error {
        case fields = "rotation_schedule must have five fields: minute hour day month weekday"
        case value = "rotation_schedule has a field that cannot be read or is out of range"
        case never = "rotation_schedule has no time that occurs within nine years"
    }

    let text: String
    /// The minutes of the schedule: bit `n` is set for the value `n`. The other fields are sets of this kind, too.
    private let minutes: UInt64
    private let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    private let isAnyDay: Bool
    private let isAnyWeekday: Bool

    private static let bytesMax = 256
    /// How far ahead a time is searched. Leap days are four years apart, and sometimes eight.
    private static let daysMax = 366 * 9

    init(_ text: String) throws(Refusal) {
        guard text.utf8.count <= Self.bytesMax else { throw .fields }
        let spelled = Self.shorthands[text.lowercased()] ?? text
        let fields = spelled.splitUTF8(at: " ", omittingEmpty: true).map { $0.lowercased() }
        guard fields.count == 5 else { throw .fields }
        self.text = text
        minutes = try Self.parse(fields[0], 0...59)
        hours = try Self.parse(fields[1], 0...23)
        days = try Self.parse(fields[2], 1...31)
        months = try Self.parse(fields[3], 1...12, names: Self.monthNames, namesFrom: 1)
        let weekdays = try Self.parse(fields[4], 0...7, names: Self.weekdayNames, namesFrom: 0)
        // Sunday is both 0 and 7.
        self.weekdays = weekdays >> 7 & 1 | weekdays & 0x7F
        isAnyDay = fields[2].hasUTF8Prefix("*") || fields[2] == "?"
        isAnyWeekday = fields[4].hasUTF8Prefix("*") || fields[4] == "?"
        guard next(after: Timestamp(seconds: 1_700_000_000)) != nil else { throw .never }
    }

    /// Returns the first minute of the schedule that begins after `time`, or nil if there is none within nine years.
    func next(after time: Timestamp) -> Timestamp? {
        let start = time.seconds / 60 + 1
        let firstDay = start / 1_440
        for day in firstDay..<(firstDay + Self.daysMax) where isDay(day) {
            let from = day == firstDay ? start - day * 1_440 : 0
            for minute in from..<1_440 where hours >> UInt64(minute / 60) & 1 == 1 && minutes >> UInt64(minute % 60) & 1 == 1 {
                return Timestamp(seconds: (day * 1_440 + minute) * 60)
            }
        }
        return nil
    }

    /// Whether the schedule includes a day, counted from 1970-01-01, which was a Thursday.
    private func isDay(_ number: Int) -> Bool {
        // 2026-11-21T…
        let date = Array(Timestamp(seconds: number * 86_400).description.utf8)
        let month = Int(date[5] - 0x30) * 10 + Int(date[6] - 0x30)
        let day = Int(date[8] - 0x30) * 10 + Int(date[9] - 0x30)
        guard months >> UInt64(month) & 1 == 1 else { return false }
        let (isDay, isWeekday) = (days >> UInt64(day) & 1 == 1, weekdays >> UInt64((number + 4) % 7) & 1 == 1)
        return isAnyDay || isAnyWeekday ? isDay && isWeekday : isDay || isWeekday
    }

    // MARK: Reading

    private static func parse(
        _ field: String, _ range: ClosedRange<Int>, names: [String] = [], namesFrom first: Int = 0
    ) throws(Refusal) -> UInt64 {
        var bits: UInt64 = 0
        for part in field.splitUTF8(at: ",", omittingEmpty: false) {
            let halves = part.splitUTF8(at: "/", omittingEmpty: false)
            guard (1...2).contains(halves.count) else { throw .value }
            var step = 1
            if halves.count == 2 {
                guard let number = number(halves[1]), (1...range.upperBound).contains(number) else { throw .value }
                step = number
            }
            let bounds = halves[0].splitUTF8(at: "-", omittingEmpty: false)
            func value(_ text: Substring) throws(Refusal) -> Int {
                let found = number(text) ?? names.firstIndex(of: String(text)).map { $0 + first }
                guard let found, range.contains(found) else { throw .value }
                return found
            }
            let span: ClosedRange<Int>
            if halves[0] == "*" || halves[0] == "?" {
                span = range
            } else if bounds.count == 1 {
                let start = try value(bounds[0])
                // `5/15` extends to the end of the range.
                span = start...(halves.count == 2 ? range.upperBound : start)
            } else {
                guard bounds.count == 2 else { throw .value }
                let (start, end) = (try value(bounds[0]), try value(bounds[1]))
                guard start <= end else { throw .value }
                span = start...end
            }
            for value in stride(from: span.lowerBound, through: span.upperBound, by: step) { bits |= 1 << UInt64(value) }
        }
        return bits
    }

    private static func number(_ text: Substring) -> Int? {
        !text.isEmpty && text.utf8.count <= 3 && text.utf8.allSatisfy { $0.isASCIIDigit } ? Int(text) : nil
    }

    private static let monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    private static let shorthands = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]
}
