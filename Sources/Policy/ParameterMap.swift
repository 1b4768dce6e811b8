package import Syntax

/// `allowed_parameters` or `denied_parameters`: for each name the values meant, none standing for every value.
///
/// Names match without regard to case. The name `*` matches all others.
package struct ParameterMap: Sendable, Hashable {
    package private(set) var values: [String: [JSON]] = [:]

    package init() {}

    package var isEmpty: Bool { values.isEmpty }
    package var coversAll: Bool { values["*"] != nil }

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
