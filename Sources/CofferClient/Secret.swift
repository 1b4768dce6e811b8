public import Syntax

/// An answer of the Vault API: data, a token or a wrapping token, with its lease.
public struct Secret: Sendable {
    /// The request's identifier, which is in the audit log too. Empty if the server sent none.
    public var requestID: String
    /// The identifier of the lease, or an empty string if the data has no lease.
    public var leaseID: String
    /// How long the lease is valid, in seconds; 0 if there is no lease.
    public var leaseDuration: Int
    /// Whether the lease can be renewed.
    public var renewable: Bool
    /// The data of the answer, or nil if it has none.
    public var data: JSONObject?
    /// The token of a login or of `auth/token/create`, or nil for other answers.
    public var auth: Auth?
    /// The wrapping token that the answer was replaced with, or nil if the answer is not wrapped.
    public var wrapInfo: WrapInfo?
    /// Warnings of the server, such as parameters that it ignored.
    public var warnings: [String]
    /// The type of the engine that answered, such as `kv`, or nil if the server did not say.
    public var mountType: String?
    /// The whole answer as received, with members that this type does not have.
    public var envelope: JSONObject

    /// A token that an auth method or `auth/token/create` made.
    public struct Auth: Sendable {
        /// The token.
        public var clientToken: String
        /// The token's accessor, which names it in requests that do not need the token itself. Batch tokens have none.
        public var accessor: String
        /// The names of all policies that apply to the token.
        public var policies: [String]
        /// The names of the policies that the token itself has.
        public var tokenPolicies: [String]
        /// The names of the policies that come from the token's entity and its groups.
        public var identityPolicies: [String]
        /// Metadata that the auth method recorded, such as the user name.
        public var metadata: [String: String]
        /// How long the token is valid, in seconds; 0 if it does not expire.
        public var leaseDuration: Int
        /// Whether the token can be renewed.
        public var renewable: Bool
    }

    /// A wrapping token, which can be exchanged once for the answer that the server keeps.
    public struct WrapInfo: Sendable {
        /// The wrapping token.
        public var token: String
        /// The accessor of the wrapping token.
        public var accessor: String
        /// How long the wrapping token is valid, in seconds.
        public var ttl: Int
        /// The time when the answer was wrapped (RFC 3339).
        public var creationTime: String
        /// The path of the request whose answer was wrapped. Compare it with the path that you expect before you unwrap.
        public var creationPath: String
        /// The accessor of the token inside the wrapped answer, or nil if it contains none.
        public var wrappedAccessor: String?
    }

    /// Creates an answer from its JSON, or nil if the value is not an object or has no data, token, wrapping token, lease or warnings.
    ///
    /// - Parameter json: The body of an answer.
    public init?(_ json: JSON) {
        guard let object = json.objectValue else { return nil }
        data = object["data"]?.objectValue
        auth = object["auth"]?.objectValue.map { Auth($0) }
        wrapInfo = object["wrap_info"]?.objectValue.map { WrapInfo($0) }
        warnings = object["warnings"]?.texts ?? []
        leaseID = object["lease_id"]?.stringValue ?? ""
        if data == nil, auth == nil, wrapInfo == nil, warnings.isEmpty, leaseID.isEmpty { return nil }
        requestID = object["request_id"]?.stringValue ?? ""
        leaseDuration = object["lease_duration"]?.intValue ?? 0
        renewable = object["renewable"]?.boolValue ?? false
        mountType = object["mount_type"]?.stringValue
        envelope = object
    }
}

extension Secret.Auth {
    init(_ object: JSONObject) {
        clientToken = object["client_token"]?.stringValue ?? ""
        accessor = object["accessor"]?.stringValue ?? ""
        policies = object["policies"]?.texts ?? []
        tokenPolicies = object["token_policies"]?.texts ?? []
        identityPolicies = object["identity_policies"]?.texts ?? []
        leaseDuration = object["lease_duration"]?.intValue ?? 0
        renewable = object["renewable"]?.boolValue ?? false
        metadata = [:]
        for member in object["metadata"]?.objectValue ?? JSONObject() { metadata[member.key] = member.value.stringValue }
    }
}

extension Secret.WrapInfo {
    init(_ object: JSONObject) {
        token = object["token"]?.stringValue ?? ""
        accessor = object["accessor"]?.stringValue ?? ""
        ttl = object["ttl"]?.intValue ?? 0
        creationTime = object["creation_time"]?.stringValue ?? ""
        creationPath = object["creation_path"]?.stringValue ?? ""
        wrappedAccessor = object["wrapped_accessor"]?.stringValue
    }
}

extension JSON {
    /// The strings in an array, without its other members; an empty array for any other value.
    var texts: [String] { arrayValue?.compactMap(\.stringValue) ?? [] }
}
