import EngineKit
import Syntax

/// The stored form of a wrapped answer: a line of JSON with everything but the body, then the body.
struct WrappedResponse {
    private let head: JSONObject
    private let body: [UInt8]

    /// Returns the stored form of a response.
    static func encode(_ response: Response) -> [UInt8] {
        var head: JSONObject = ["lease_id": "", "renewable": false, "lease_duration": .int(response.leaseSeconds)]
        if case .held(let lease)? = response.lease {
            head["lease_id"] = .string(lease.id)
            head["renewable"] = .bool(lease.isRenewable)
            head["lease_duration"] = .int(lease.seconds)
        }
        head["warnings"] = response.warnings.isEmpty ? .null : .strings(response.warnings)
        if case .issued(let auth)? = response.auth { head["auth"] = .object(auth.stored) }
        if let status = response.status { head["status"] = .int(status) }
        var body: [UInt8] = []
        switch response.body {
        // `ResponseWrapping` refuses a body that is not JSON.
        case .none, .raw, .stream: head["kind"] = "none"
        case .data(let data):
            head["kind"] = "data"
            data.encode(into: &body)
        case .bare(let data):
            head["kind"] = "bare"
            data.encode(into: &body)
        }
        return head.encoded() + [UInt8(ascii: "\n")] + body
    }

    /// Decodes the stored form. Throws if ``encode(_:)`` did not write it.
    init(_ stored: [UInt8]) throws(CofferError) {
        guard let end = stored.firstIndex(of: UInt8(ascii: "\n")),
            let head = try? JSON(parsing: Array(stored[..<end])).objectValue
        else { throw CofferError(StorageError.corrupted(key: "")) }
        self.head = head
        body = Array(stored[(end + 1)...])
    }

    /// The response.
    var response: Response {
        var response = Response(.none)
        switch head["kind"]?.stringValue {
        case "data": response.body = .data(.raw(body))
        case "bare": response.body = .bare(.raw(body))
        default: break
        }
        response.status = head["status"]?.intValue
        response.warnings = head["warnings"]?.texts ?? []
        response.auth = head["auth"].flatMap { IssuedAuth(stored: $0) }.map { .issued($0) }
        let seconds = head["lease_duration"]?.intValue ?? 0
        if let id = head["lease_id"]?.stringValue, !id.isEmpty {
            response.lease = .held(LeaseShown(id: id, seconds: seconds, isRenewable: head["renewable"]?.boolValue ?? false))
        } else {
            response.leaseSeconds = seconds
        }
        return response
    }

    /// The answer as JSON in the envelope of the Vault API.
    var envelopeText: String {
        var object: JSONObject = ["request_id": ""]
        for name in ["lease_id", "renewable", "lease_duration"] { object[name] = head[name] }
        object["data"] = body.isEmpty ? .null : .raw(body)
        object["wrap_info"] = .null
        object["warnings"] = head["warnings"]
        object["auth"] = head["auth"] ?? .null
        return String(decoding: object.encoded(), as: UTF8.self)
    }
}

extension IssuedAuth {
    /// The members by the names that the Vault API gives them.
    fileprivate var stored: JSONObject {
        [
            "client_token": .string(clientToken), "accessor": .string(accessor), "policies": .strings(policies),
            "token_policies": .strings(tokenPolicies), "identity_policies": .strings(identityPolicies),
            "metadata": .mapOrNull(metadata), "lease_duration": .int(leaseSeconds),
            "renewable": .bool(isRenewable), "entity_id": .string(entityID), "token_type": .string(type.rawValue),
            "orphan": .bool(isOrphan), "mfa_requirement": .null, "num_uses": .int(uses),
        ]
    }

    fileprivate init?(stored: JSON) {
        guard let token = stored["client_token"]?.stringValue, let accessor = stored["accessor"]?.stringValue else { return nil }
        var metadata: [String: String] = [:]
        for member in stored["metadata"]?.objectValue ?? .init() { metadata[member.key] = member.value.stringValue ?? "" }
        self.init(
            clientToken: token, accessor: accessor, policies: stored["policies"]?.texts ?? [],
            tokenPolicies: stored["token_policies"]?.texts ?? [], identityPolicies: stored["identity_policies"]?.texts ?? [],
            metadata: metadata, leaseSeconds: stored["lease_duration"]?.intValue ?? 0,
            isRenewable: stored["renewable"]?.boolValue ?? false, entityID: stored["entity_id"]?.stringValue ?? "",
            type: stored["token_type"]?.stringValue.flatMap(TokenType.init(rawValue:)) ?? .service,
            isOrphan: stored["orphan"]?.boolValue ?? false, uses: stored["num_uses"]?.intValue ?? 0)
    }
}

extension JSON {
    /// The strings of an array.
    fileprivate var texts: [String] { arrayValue?.compactMap(\.stringValue) ?? [] }
}
