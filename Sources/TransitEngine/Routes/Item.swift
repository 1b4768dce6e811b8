import EngineKit
import Syntax

/// What one operation works on: the fields of a request, or one element of its `batch_input`.
struct Item: Sendable {
    private let source: Source

    private enum Source: Sendable {
        case fields(Fields)
        case element(JSONObject)
    }

    init(_ fields: Fields) { source = .fields(fields) }
    init(_ element: JSONObject) { source = .element(element) }

    /// nil when it was not sent.
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

    /// Base64, decoded; nil when it was not sent.
    func bytes(_ name: String) throws(CofferError) -> [UInt8]? {
        guard let text = try string(name) else { return nil }
        guard let bytes = Base64.decode(text) else { throw .invalid("failed to base64-decode \(name)") }
        return bytes
    }

    /// Bytes that must be there; they may be none.
    func required(_ name: String, else message: String) throws(CofferError) -> [UInt8] {
        guard let bytes = try bytes(name) else { throw .invalid(message) }
        return bytes
    }

    /// Echoed, so that callers find their items again.
    var reference: String {
        guard case .element(let object) = source else { return "" }
        return object["reference"]?.stringValue ?? ""
    }

    /// Nonces are made here, whoever wants to choose one.
    func refuseNonce() throws(CofferError) {
        guard try string("nonce") ?? "" == "" else { throw .invalid("provided nonce not allowed for this key") }
    }
}
