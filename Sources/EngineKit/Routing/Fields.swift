package import Syntax

/// The fields of a request after validation. Reading a field as its declared kind cannot fail.
package struct Fields: Sendable {
    private var values: JSONObject
    /// The names of the fields that were sent, as opposed to those with a default value.
    private var sent: [String]

    /// Creates fields that were validated already.
    package init(_ values: JSONObject = .init()) {
        self.values = values
        sent = values.keys
    }

    /// Converts the values that were sent to the declared kinds, as the Vault API does. Throws an error that names the
    /// field if that is not possible.
    package init(validating input: JSONObject, as declared: [Field]) throws(CofferError) {
        var values = JSONObject()
        var sent: [String] = []
        for field in declared {
            if let value = input[field.name], !value.isNull {
                values[field.name] = try Fields.coerce(value, field)
                sent.append(field.name)
            } else if let initial = field.initial {
                values[field.name] = initial
            } else if field.isRequired {
                throw .invalid("missing field '\(field.name)'")
            }
        }
        self.values = values
        self.sent = sent
    }

    /// Whether the field was sent. A null counts as not sent.
    package func has(_ name: String) -> Bool { sent.contains(name) }

    /// Returns the text of a field, or nil if it was not sent.
    package func string(_ name: String) -> String? { values[name]?.stringValue }
    /// Returns the value of a flag, or nil if it was not sent.
    package func bool(_ name: String) -> Bool? { values[name]?.boolValue }
    /// Returns the number in a field, or the seconds of a duration; nil if it was not sent.
    package func int(_ name: String) -> Int? { values[name]?.intValue }
    /// Returns the seconds of a duration, or nil if it was not sent.
    package func duration(_ name: String) -> Int? { values[name]?.intValue }
    /// Returns the texts of a list, or nil if it was not sent.
    package func strings(_ name: String) -> [String]? { values[name]?.arrayValue?.compactMap(\.stringValue) }
    /// Returns the numbers of a list, or nil if it was not sent.
    package func ints(_ name: String) -> [Int]? { values[name]?.arrayValue?.compactMap(\.intValue) }
    /// Returns the members of an object, or nil if it was not sent.
    package func object(_ name: String) -> JSONObject? { values[name]?.objectValue }
    /// Returns the members of an object of texts, or nil if it was not sent.
    package func stringMap(_ name: String) -> [String: String]? {
        values[name]?.objectValue.map { object in
            Dictionary(object.members.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
        }
    }
    /// Returns the JSON of a field of any kind, or nil if it was not sent.
    package func any(_ name: String) -> JSON? { values[name] }
}

/// Fields that need not be sent. As in Vault, one that was not sent has the default that its ``Field`` declares, or else the empty
/// value of its kind, so that no handler repeats a default.
extension Fields {
    /// Returns the text of a field, or "" if it was not sent and has no default.
    package func text(_ name: String) -> String { string(name) ?? "" }
    /// Returns the value of a flag, or false if it was not sent and has no default.
    package func flag(_ name: String) -> Bool { bool(name) ?? false }
    /// Returns the number in a field, or 0 if it was not sent and has no default.
    package func number(_ name: String) -> Int { int(name) ?? 0 }
    /// Returns the seconds of a duration, or 0 if it was not sent and has no default.
    package func seconds(_ name: String) -> Int { duration(name) ?? 0 }
    /// Returns the texts of a list, or [] if it was not sent and has no default.
    package func texts(_ name: String) -> [String] { strings(name) ?? [] }
    /// Returns the numbers of a list, or [] if it was not sent and has no default.
    package func numbers(_ name: String) -> [Int] { ints(name) ?? [] }
    /// Returns the members of an object of texts, or [:] if it was not sent and has no default.
    package func textMap(_ name: String) -> [String: String] { stringMap(name) ?? [:] }
}

extension Fields {
    /// Returns a value as the handler will read it, or nil if it would be refused.
    package static func reading(_ value: JSON, as field: Field) -> JSON? { try? coerce(value, field) }

    private static func coerce(_ value: JSON, _ field: Field) throws(CofferError) -> JSON {
        let coerced: JSON? =
            switch field.kind {
            case .any: value
            case .string: text(value).map { .string($0) }
            case .bool: bool(value)
            case .int: int(value).map { .int($0) }
            case .duration: duration(value).map { .int($0) }
            case .strings: list(value, text)?.asStrings
            case .ints: list(value, { int($0).map(String.init) })?.asNumbers
            case .object: value.objectValue.map { .object($0) }
            case .stringMap: stringMap(value)
            }
        guard let coerced else {
            throw .invalid(
                "field '\(field.name)' must be \(field.kind.nounPhrase)\(isTextOfObject(value, field) ? quotedObject : "")")
        }
        if !field.allowed.isEmpty, let text = coerced.stringValue, !text.isEmpty, !field.allowed.contains(text) {
            throw .invalid("field '\(field.name)' must be one of \(field.allowed.joined(separator: ", "))")
        }
        return coerced
    }

    /// What a command line has to do to send an object: `name='{"a":"b"}'` sends a text, which Vault does not parse either.
    private static let quotedObject =
        "; a text with JSON is not an object: send the whole body as JSON, such as `coffer write PATH -`"

    private static func isTextOfObject(_ value: JSON, _ field: Field) -> Bool {
        (field.kind == .object || field.kind == .stringMap) && value.stringValue?.utf8.first == UInt8(ascii: "{")
    }

    private static func text(_ value: JSON) -> String? {
        switch value {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    private static func bool(_ value: JSON) -> JSON? {
        switch value {
        case .bool: value
        case .string("true"), .string("True"), .string("TRUE"), .string("1"), .number("1"): .bool(true)
        case .string("false"), .string("False"), .string("FALSE"), .string("0"), .number("0"): .bool(false)
        default: nil
        }
    }

    private static func int(_ value: JSON) -> Int? {
        switch value {
        case .number(let text), .string(let text): Int(text)
        default: nil
        }
    }

    private static func duration(_ value: JSON) -> Int? {
        switch value {
        case .string(""): 0
        case .number(let text), .string(let text): DurationText.seconds(text)
        default: nil
        }
    }

    private static func list(_ value: JSON, _ element: (JSON) -> String?) -> [String]? {
        switch value {
        case .array(let values):
            let texts = values.compactMap(element)
            return texts.count == values.count ? texts : nil
        case .string(""): return []
        case .string(let joined):
            let parts = joined.splitUTF8(at: ",").map { String($0.trimmingUTF8(" ")) }
            // Only an empty text means an empty list: a text of commas must not remove a limit.
            return parts.allSatisfy(\.isEmpty) ? nil : parts.filter { !$0.isEmpty }
        case .number: return element(value).map { [$0] }
        default: return nil
        }
    }

    /// Returns an object of strings. Command lines send `key=value` or a list of those, which is accepted, too.
    private static func stringMap(_ value: JSON) -> JSON? {
        switch value {
        case .object(let object):
            var members: [JSONObject.Member] = []
            members.reserveCapacity(object.count)
            for member in object {
                guard let text = text(member.value) else { return nil }
                members.append(.init(key: member.key, value: .string(text)))
            }
            return .object(JSONObject(members))
        case .string(""): return .object(.init())
        case .string: return pairs([value])
        case .array(let values): return pairs(values)
        default: return nil
        }
    }

    /// Splits pairs at the first `=`. If a key is repeated, its last value is used.
    private static func pairs(_ values: [JSON]) -> JSON? {
        var members: [JSONObject.Member] = []
        var places: [String: Int] = [:]
        for value in values {
            guard let bytes = value.stringValue?.utf8, let mark = bytes.firstIndex(of: UInt8(ascii: "=")),
                mark > bytes.startIndex
            else { return nil }
            let name = String(Substring(bytes[..<mark]))
            let member = JSONObject.Member(key: name, value: .string(String(Substring(bytes[bytes.index(after: mark)...]))))
            // A dictionary instead of a search for each key, because a list may be very long.
            if let place = places[name] {
                members[place] = member
            } else {
                places[name] = members.count
                members.append(member)
            }
        }
        return .object(JSONObject(members))
    }
}

extension [String] {
    fileprivate var asStrings: JSON { .strings(self) }
    fileprivate var asNumbers: JSON? {
        let numbers = compactMap { Int($0) }
        return numbers.count == count ? .array(numbers.map { .int($0) }) : nil
    }
}

extension Field.Kind {
    /// The kind in error messages.
    fileprivate var nounPhrase: String {
        switch self {
        case .string: "a string"
        case .bool: "a boolean"
        case .int: "a whole number"
        case .duration: "a duration such as 90, \"90s\" or \"1h30m\", at least 0"
        case .strings: "a list of strings"
        case .ints: "a list of whole numbers"
        case .object: "an object"
        case .stringMap: "an object of strings, \"key=value\" or a list of that"
        case .any: "any value"
        }
    }
}
