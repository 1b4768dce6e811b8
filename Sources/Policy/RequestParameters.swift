package import EngineKit
package import Syntax

/// The parameters that the handler of a request will receive, as policy conditions judge them.
package struct RequestParameters: Sendable {
    /// The members of the body of a write, or of the query of any other request.
    var members: JSONObject
    /// The values that the path's pattern captured. The handler receives them like parameters.
    var captures: Captures
    /// The declared fields, which determine how the handler reads a value: `"a,b"` may be a list, `"1"` a boolean,
    /// `"60m"` a duration.
    var fields: [Field]

    /// No parameters.
    package static let none = RequestParameters(JSONObject())

    /// Creates the parameters of a request.
    package init(_ members: JSONObject, captures: Captures = Captures(), fields: [Field] = []) {
        self.members = members
        self.captures = captures
        self.fields = fields
    }

    /// Returns the value as the handler will read it, or nil if that is how it was sent.
    func reading(_ name: String, _ value: JSON) -> JSON? {
        guard !fields.isEmpty else { return nil }
        let name = name.lowercased()
        guard let field = fields.first(where: { $0.name == name }) else { return nil }
        if let map = Self.map(value, as: field) { return map }
        guard let reading = Fields.reading(value, as: field), reading != value else { return nil }
        return reading
    }

    /// Returns the members of a map that was sent as text (`key=value`, a list of those, or the JSON text of an
    /// object), or nil if the value is not such a map.
    func map(_ name: String, _ value: JSON) -> JSON? {
        let name = name.lowercased()
        guard let field = fields.first(where: { $0.name == name }) else { return nil }
        return Self.map(value, as: field)
    }

    /// Returns the members of a map that was sent as text for `field`.
    private static func map(_ value: JSON, as field: Field) -> JSON? {
        let texts: [JSON]
        switch value {
        case .string: texts = [value]
        case .array(let elements): texts = elements
        default: return nil
        }
        switch field.kind {
        case .stringMap: return Fields.reading(value, as: field)
        // The handler of a field of any type may accept a map in text form, so everything that could be one is judged
        // as one.
        case .any: break
        default: return nil
        }
        var members: [JSONObject.Member] = []
        for case .string(let text) in texts {
            if text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
                guard let object = try? JSON(parsing: Array(text.utf8)).objectValue else { continue }
                members += object.members
            } else {
                for part in text.utf8.split(separator: UInt8(ascii: ",")) {
                    guard let mark = part.firstIndex(of: UInt8(ascii: "=")), mark > part.startIndex else { continue }
                    let value = String(Substring(part[part.index(after: mark)...]))
                    members.append(.init(key: String(Substring(part[..<mark])), value: .string(value)))
                }
            }
        }
        return members.isEmpty ? nil : .object(JSONObject(members))
    }

    /// Whether the parameter has a value. A null counts as none.
    func has(_ name: String) -> Bool {
        members.contains { $0.key == name && !$0.value.isNull } || captures.pairs.contains { $0.name == name }
    }
}

extension RequestParameters: ExpressibleByDictionaryLiteral {
    /// Creates parameters from a literal, for tests.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(JSONObject(elements.map { .init(key: $0.0, value: $0.1) }))
    }
}
