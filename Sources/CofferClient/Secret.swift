public import Syntax

/// The envelope of the Vault API.
public struct Secret: Sendable {
    public var requestID: String
    public var leaseID: String
    /// Seconds.
    public var leaseDuration: Int
    public var renewable: Bool
    public var data: JSONObject?
    public var auth: Auth?
    public var wrapInfo: WrapInfo?
    public var warnings: [String]
    public var mountType: String?
    /// The envelope as received, members that this type does not know included.
    public var envelope: JSONObject

    /// A token that an auth method or `auth/token/create` made.
    public struct Auth: Sendable {
        public var clientToken: String
        public var accessor: String
        public var policies: [String]
        public var tokenPolicies: [String]
        public var identityPolicies: [String]
        public var metadata: [String: String]
        /// Seconds; 0 is without end.
        public var leaseDuration: Int
        public var renewable: Bool
    }

    /// A wrapping token that stands for the answer.
    public struct WrapInfo: Sendable {
        public var token: String
        public var accessor: String
        /// Seconds.
        public var ttl: Int
        /// RFC 3339.
        public var creationTime: String
        public var creationPath: String
        public var wrappedAccessor: String?
    }

    /// Nil when the value is no envelope, or one with nothing in it.
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
    /// The strings of an array; other members are left out.
    var texts: [String] { arrayValue?.compactMap(\.stringValue) ?? [] }
}
