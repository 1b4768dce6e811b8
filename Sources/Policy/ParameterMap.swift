package import Syntax

/// `allowed_parameters` or `denied_parameters`: for each name the values meant, none standing for every value.
///
/// Names match without regard to case. The name `*` stands for all others.
package struct ParameterMap: Sendable, Hashable {
    package private(set) var values: [String: [JSON]] = [:]

    package init() {}

    package var isEmpty: Bool { values.isEmpty }
    package var coversAll: Bool { values["*"] != nil }
    package var count: Int { values.count }

    subscript(_ name: String) -> [JSON]? { values[name.lowercased()] }

    /// Adds values for a name; an empty list, before or after, means every value.
    mutating func add(_ more: [JSON], for name: String) {
        let name = name.lowercased()
        if let present = values[name], !present.isEmpty, !more.isEmpty {
            values[name] = present + more.filter { !present.contains($0) }
        } else {
            values[name] = values[name] == nil ? more : []
        }
    }

    mutating func merge(_ other: ParameterMap) {
        for (name, more) in other.values { add(more, for: name) }
    }

    package var json: JSON {
        .object(JSONObject(values.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .array($0.value)) }))
    }
}

enum ParameterValue {
    /// `value` is one of `list`: strings by glob, everything else by being the same.
    static func isListed(_ value: JSON, in list: [JSON]) -> Bool {
        list.isEmpty || list.contains { isSame(value, as: $0) }
    }

    /// As ``isListed(_:in:)``, but a refusal must not be dodged by writing the value another way: `5` is also `"5"` and
    /// `5.0`, and a list is refused for any of its elements.
    static func isRefused(_ value: JSON, by list: [JSON]) -> Bool {
        guard let value = try? value.parsed() else { return true }
        if isListed(value, in: list) { return true }
        if case .array(let elements) = value { return elements.contains { isRefused($0, by: list) } }
        return list.contains { isLoosely(value, $0) }
    }

    private static func isSame(_ value: JSON, as pattern: JSON) -> Bool {
        if case .string(let text) = value, case .string(let glob) = pattern { return matches(text, glob: glob) }
        return value == pattern
    }

    private static func isLoosely(_ value: JSON, _ pattern: JSON) -> Bool {
        guard let text = scalarText(value), let glob = scalarText(pattern) else { return false }
        if let a = Double(text), let b = Double(glob), a == b { return true }
        return matches(text, glob: glob)
    }

    private static func scalarText(_ value: JSON) -> String? {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let value): String(value)
        default: nil
        }
    }

    /// `*` at the start or the end stands for any text; alone it is an ordinary character.
    static func matches(_ text: String, glob: String) -> Bool {
        let (text, glob) = (Array(text.utf8), Array(glob.utf8)[...])
        let star = UInt8(ascii: "*")
        guard glob.count >= 2 else { return text.elementsEqual(glob) }
        switch (glob.first == star, glob.last == star) {
        case (true, true):
            let inner = glob.dropFirst().dropLast()
            guard inner.count <= text.count else { return false }
            return (0...(text.count - inner.count)).contains { text[$0...].starts(with: inner) }
        case (true, false): return text.suffix(glob.count - 1).elementsEqual(glob.dropFirst())
        case (false, true): return text.starts(with: glob.dropLast())
        case (false, false): return text.elementsEqual(glob)
        }
    }
}
