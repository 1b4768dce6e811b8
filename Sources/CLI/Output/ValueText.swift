internal import Syntax

/// One value in a table's cell.
enum ValueText {
    /// A text as it is, everything else as JSON.
    static func cell(_ value: JSON) -> String {
        switch value {
        case .string(let text): text
        case .raw: (try? value.parsed()).map(cell) ?? ""
        default: String(decoding: Printer.sorted(value).encoded(), as: UTF8.self)
        }
    }

    /// The same, with seconds shown as a duration where the name says that they are.
    static func cell(_ value: JSON, named name: String) -> String {
        // The table writes n/a.
        if value.isNull { return "" }
        if isDuration(name), let seconds = value.intValue { return duration(seconds) }
        return cell(value)
    }

    /// `["a","b"]`.
    static func quotedList(_ values: [String]) -> String { cell(.strings(values)) }

    /// `768h`, `1h30m`, `20s`.
    static func duration(_ seconds: Int) -> String {
        guard seconds >= 0 else { return "-" + duration(seconds == .min ? .max : -seconds) }
        var text = DurationText.text(seconds: seconds)
        // All of it is ASCII.
        if text.utf8.reversed().starts(with: "s0m".utf8) { text.removeLast(2) }
        if text.utf8.reversed().starts(with: "m0h".utf8) { text.removeLast(2) }
        return text
    }

    private static func isDuration(_ name: String) -> Bool {
        name == "period" || name == "ttl"
            || ["_period", "_ttl", "duration", "lease_max", "ttl_max"].contains {
                name.utf8.reversed().starts(with: $0.utf8.reversed())
            }
    }
}
