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
        if let map = Self.map(value, as: field) { return map }
        guard let reading = Fields.reading(value, as: field), reading != value else { return nil }
        return reading
    }

    /// The members of a map that was sent as a text: `key=value`, a list of that, or the JSON text of an object.
    func map(_ name: String, _ value: JSON) -> JSON? {
        let name = name.lowercased()
        guard let field = fields.first(where: { $0.name == name }) else { return nil }
        return Self.map(value, as: field)
    }

    private static func map(_ value: JSON, as field: Field) -> JSON? {
        let texts: [JSON]
        switch value {
        case .string: texts = [value]
        case .array(let elements): texts = elements
        default: return nil
        }
        switch field.kind {
        case .stringMap: return Fields.reading(value, as: field)
        // A field of any kind is read by its handler. Whatever it may take for a map is judged as one.
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
