import EngineKit
import Syntax

/// The input of one operation: the fields of a request, or one element of its `batch_input`.
struct OperationInput: Sendable {
    private let source: Source

    private enum Source: Sendable {
        case fields(Fields)
        case element(JSONObject)
    }

    init(_ fields: Fields) { source = .fields(fields) }
    init(_ element: JSONObject) { source = .element(element) }

    /// Returns the field as text, or nil if it was not sent.
    func string(_ name: String) throws(CofferError) -> String? {
        switch source {
        case .fields(let fields): return fields.string(name)
        case .element(let object):
            switch object[name] {
            case nil, .null?: return nil
            case .string(let text)?, .number(let text)?: return text
            default: throw .invalid("'\(name)' must be a string")
            }
        }
    }

    /// Returns the field as a number, or nil if it was not sent.
    func int(_ name: String) throws(CofferError) -> Int? {
        switch source {
        case .fields(let fields): return fields.int(name)
        case .element(let object):
            guard let value = object[name], !value.isNull else { return nil }
            guard let number = value.intValue ?? value.stringValue.flatMap({ Int($0) }) else {
                throw .invalid("'\(name)' must be a whole number")
            }
            return number
        }
    }

    /// Returns the field as text, or "" if it was not sent.
    func text(_ name: String) throws(CofferError) -> String { try string(name) ?? "" }

    /// Returns the field as a number, or 0 if it was not sent.
    func number(_ name: String) throws(CofferError) -> Int { try int(name) ?? 0 }

    /// Returns the bytes that the field holds in base64, or nil if it was not sent.
    func bytes(_ name: String) throws(CofferError) -> [UInt8]? {
        guard let text = try string(name) else { return nil }
        guard let bytes = Base64.decode(text) else { throw .invalid("failed to base64-decode \(name): the field must be base64") }
        return bytes
    }

    /// Returns the bytes that the field holds in base64. They may be empty; an error with `message` says that it was not sent.
    func required(_ name: String, else message: String) throws(CofferError) -> [UInt8] {
        guard let bytes = try bytes(name) else { throw .invalid(message) }
        return bytes
    }

    /// The caller's name for the element of a batch. The answer repeats it.
    var reference: String {
        guard case .element(let object) = source else { return "" }
        return object["reference"]?.stringValue ?? ""
    }

    /// Throws if the caller chose a nonce, because using a nonce twice breaks most of these ciphers.
    func refuseNonce() throws(CofferError) {
        guard try text("nonce").isEmpty else { throw .invalid("provided nonce not allowed for this key") }
    }
}
