import EngineKit
import Syntax

/// Formats times in UTC by Go's layouts, which show how the time 2006-01-02 15:04:05 would look.
enum GoTimeLayout {
    static func format(_ time: Timestamp, layout: String) -> String {
        // 2026-11-21T06:00:47.123456789Z
        let text = Array(time.description.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        let month = Int(part(5..<7)) ?? 1
        let hour = Int(part(11..<13)) ?? 0
        let parts: [(mark: String, value: String)] = [
            ("2006", part(0..<4)), ("January", months[month - 1]), ("Jan", String(months[month - 1].prefixUTF8(3))),
            ("01", part(5..<7)),
            ("02", part(8..<10)), ("15", part(11..<13)), ("03", twoDigits((hour + 11) % 12 + 1)), ("04", part(14..<16)),
            ("05", part(17..<19)), ("06", part(2..<4)), ("PM", hour < 12 ? "AM" : "PM"), ("MST", "UTC"), ("-0700", "+0000"),
            ("Z07:00", "Z"), (".000000000", part(19..<29)), (".000000", part(19..<26)), (".000", part(19..<23)),
        ]
        var output = ""
        var rest = layout[...]
        while !rest.isEmpty {
            if let found = parts.first(where: { rest.hasUTF8Prefix($0.mark) }) {
                output += found.value
                rest = rest.dropFirstUTF8(found.mark.utf8.count)
            } else {
                output.unicodeScalars.append(rest.unicodeScalars.removeFirst())
            }
        }
        return output
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]
}
