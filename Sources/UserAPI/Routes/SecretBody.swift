import Syntax

/// The JSON object in the body of a request that stores or changes a secret, checked and reduced to what the protocol has. Unknown
/// members are ignored, and null is the same as not sent. Errors name the field and never repeat what it has.
struct SecretBody {
    private let sent: JSONObject
    /// The fields to send to the engine.
    private(set) var fields = JSONObject()

    private init(_ bytes: [UInt8]) throws(UserError) {
        guard let object = (try? JSON(parsing: bytes))?.objectValue else {
            throw UserError(422, "the body must be a JSON object without repeated keys")
        }
        sent = object
    }

    /// Reads a secret to store.
    static func new(_ bytes: [UInt8]) throws(UserError) -> JSONObject {
        var body = try SecretBody(bytes)
        for name in ["name", "provider", "secret_type", "value"] {
            guard try body.takeText(name) else { throw .invalid(name, "is required") }
        }
        try body.takeText("description")
        try body.takeTags()
        try body.takeTime("expires_at")
        return body.fields
    }

    /// Reads what is to change about a secret.
    static func change(_ bytes: [UInt8]) throws(UserError) -> JSONObject {
        var body = try SecretBody(bytes)
        for name in ["name", "value", "description"] { try body.takeText(name) }
        try body.takeTags()
        if let value = body.present("is_active") {
            guard value.boolValue != nil else { throw .invalid("is_active", "must be true or false") }
            body.fields["is_active"] = value
        }
        try body.takeTime("expires_at")
        return body.fields
    }

    private func present(_ name: String) -> JSON? { sent[name].flatMap { $0.isNull ? nil : $0 } }

    @discardableResult
    private mutating func takeText(_ name: String) throws(UserError) -> Bool {
        guard let value = present(name) else { return false }
        guard value.stringValue != nil else { throw .invalid(name, "must be a text") }
        fields[name] = value
        return true
    }

    private mutating func takeTags() throws(UserError) {
        guard let value = present("tags") else { return }
        guard let items = value.arrayValue, items.allSatisfy({ $0.stringValue != nil }) else {
            throw .invalid("tags", "must be a list of texts")
        }
        fields["tags"] = value
    }

    /// Takes a time as it was sent. The engine reads it.
    private mutating func takeTime(_ name: String) throws(UserError) {
        guard let value = present(name) else { return }
        switch value {
        case .string, .number: fields[name] = value
        default: throw .invalid(name, "must be a time such as 2030-01-31T12:00:00Z, a date, or seconds since 1970")
        }
    }
}
