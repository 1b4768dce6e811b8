internal import Syntax

/// One value in a table's cell.
enum ValueText {
    /// Lists as `[a b]`, objects as `map[a:b]`, null as `<nil>`.
    static func cell(_ value: JSON) -> String {
        switch value {
        case .null: "<nil>"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): text
        case .array(let values): "[" + values.map(cell).joined(separator: " ") + "]"
        case .object(let object):
            "map[" + object.members.sorted { $0.key < $1.key }.map { "\($0.key):\(cell($0.value))" }.joined(separator: " ") + "]"
        case .raw: (try? value.parsed()).map(cell) ?? ""
        }
    }

    /// The same, with seconds shown as a duration where the name says that they are.
    static func cell(_ value: JSON, named name: String) -> String {
        if isDuration(name), let seconds = value.intValue { return duration(seconds) }
        return cell(value)
    }

    /// `["a" "b"]`.
    static func quotedList(_ values: [String]) -> String {
        "[" + values.map { String(decoding: JSON.string($0).encoded(), as: UTF8.self) }.joined(separator: " ") + "]"
    }

    /// `768h`, `1h30m`, `20s`.
    static func duration(_ seconds: Int) -> String {
        guard seconds >= 0 else { return "-" + duration(seconds == .min ? .max : -seconds) }
        var text = DurationText.text(seconds: seconds)
        if text.hasSuffix("m0s") { text.removeLast(2) }
        if text.hasSuffix("h0m") { text.removeLast(2) }
        return text
    }

    private static func isDuration(_ name: String) -> Bool {
        name == "period" || name == "ttl"
            || ["_period", "_ttl", "duration", "lease_max", "ttl_max"].contains { name.hasSuffix($0) }
    }
}
