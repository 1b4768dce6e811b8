package import Syntax

/// The `allowed_parameters` or `denied_parameters` of a rule: values by parameter name. An empty list of values means
/// every value.
///
/// Names match without regard to case. The name `*` matches every parameter that is not named.
package struct ParameterMap: Sendable, Hashable {
    /// The values by name in lower case.
    package private(set) var values: [String: [JSON]] = [:]

    /// Creates a map without parameters.
    package init() {}

    /// Whether the rule names no parameter.
    package var isEmpty: Bool { values.isEmpty }
    /// Whether the rule has the name `*`.
    package var coversAll: Bool { values["*"] != nil }

    /// Adds values for a name. If either list is empty, the result is, which means every value.
    mutating func add(_ more: [JSON], for name: String) {
        let name = name.lowercased()
        if let present = values[name], !present.isEmpty, !more.isEmpty {
            values[name] = present + more.filter { !present.contains($0) }
        } else {
            values[name] = values[name] == nil ? more : []
        }
    }

    /// Adds the values of another map.
    mutating func merge(_ other: ParameterMap) {
        for (name, more) in other.values { add(more, for: name) }
    }

    /// The map as JSON, sorted by name.
    package var json: JSON {
        .object(JSONObject(sorting: values) { .array($0) })
    }
}
