internal import Syntax

/// The text of a value in a cell of a table.
enum ValueText {
    /// Returns a string unchanged and any other value as JSON.
    static func cell(_ value: JSON) -> String {
        switch value {
        case .string(let text): text
        case .raw: (try? value.parsed()).map(cell) ?? ""
        default: String(decoding: Printer.sorted(value).encoded(), as: UTF8.self)
        }
    }

    /// Returns the text of a member that may be missing or `null`, which is an empty string.
    static func cell(_ value: JSON?) -> String {
        guard let value, !value.isNull else { return "" }
        return cell(value)
    }

    /// Returns the text of a member: seconds as a duration if the name says that it is one, `null` as an empty string.
    static func cell(_ value: JSON, named name: String) -> String {
        // The table shows n/a for an empty cell.
        if value.isNull { return "" }
        if isDuration(name), let seconds = value.intValue { return duration(seconds) }
        return cell(value)
    }

    /// Returns a list of strings as JSON, such as `["a","b"]`.
    static func quotedList(_ values: [String]) -> String { cell(.strings(values)) }

    /// Returns a duration such as `768h`, `1h30m` or `20s`.
    static func duration(_ seconds: Int) -> String {
        guard seconds >= 0 else { return "-" + duration(seconds == .min ? .max : -seconds) }
        var text = DurationText.text(seconds: seconds)
        // The text is ASCII, so characters are bytes.
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
