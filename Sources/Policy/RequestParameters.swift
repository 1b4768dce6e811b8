package import EngineKit
package import Syntax

/// What the handler of a request will be given, against which parameter rules are checked.
package struct RequestParameters: Sendable {
    /// The body of a write, the query of everything else.
    var members: JSONObject
    /// What the path's pattern took out of the path. It reaches the handler like a parameter.
    var captures: Captures
    /// Tells how the handler reads a member: `"a,b"` may be a list, `"1"` a boolean, `"60m"` a duration.
    var fields: [Field]

    package static let none = RequestParameters(JSONObject())

    package init(_ members: JSONObject, captures: Captures = Captures(), fields: [Field] = []) {
        self.members = members
        self.captures = captures
        self.fields = fields
    }

    /// The value as the handler will have it, where that is another one than was sent.
    func reading(_ name: String, _ value: JSON) -> JSON? {
        guard !fields.isEmpty else { return nil }
        let name = name.lowercased()
        guard let field = fields.first(where: { $0.name == name }) else { return nil }
        guard let reading = Fields.reading(value, as: field), reading != value else { return nil }
        return reading
    }

    /// A null is no value to any handler.
    func has(_ name: String) -> Bool {
        members.contains { $0.key == name && !$0.value.isNull } || captures.pairs.contains { $0.name == name }
    }
}

extension RequestParameters: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(JSONObject(elements.map { .init(key: $0.0, value: $0.1) }))
    }
}
