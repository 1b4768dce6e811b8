package import EngineKit
package import Syntax

/// What was answered.
package struct AuditResponse: Sendable {
    package struct WrapInfo: Sendable {
        package var token: String
        package var accessor: String
        package var ttlSeconds: Int
        package var creationTime: Timestamp
        package var creationPath: String
        package var wrappedAccessor: String?

        package init(
            token: String, accessor: String, ttlSeconds: Int, creationTime: Timestamp, creationPath: String,
            wrappedAccessor: String? = nil
        ) {
            self.token = token
            self.accessor = accessor
            self.ttlSeconds = ttlSeconds
            self.creationTime = creationTime
            self.creationPath = creationPath
            self.wrappedAccessor = wrappedAccessor
        }
    }

    /// Keys clear, every other leaf an HMAC. May be ``JSON/raw(_:)``.
    package var data: JSON?
    /// A body that is not JSON (a certificate, a metric page): written as one HMAC under `raw_body`.
    package var rawBody: [UInt8]?
    /// A login or a new token.
    package var auth: AuditAuth?
    package var wrapInfo: WrapInfo?
    /// Clear, as in Vault.
    package var leaseID: String?
    /// How many warnings went out; their texts are not written.
    package var warningsCount: Int
    package var mountPoint: String?
    package var mountType: String?
    package var mountAccessor: String?
    package var mountClass: String?
    package var statusCode: Int

    package init(
        data: JSON? = nil, rawBody: [UInt8]? = nil, auth: AuditAuth? = nil, wrapInfo: WrapInfo? = nil, leaseID: String? = nil,
        warningsCount: Int = 0, mountPoint: String? = nil, mountType: String? = nil, mountAccessor: String? = nil,
        mountClass: String? = nil, statusCode: Int
    ) {
        self.data = data
        self.rawBody = rawBody
        self.auth = auth
        self.wrapInfo = wrapInfo
        self.leaseID = leaseID
        self.warningsCount = warningsCount
        self.mountPoint = mountPoint
        self.mountType = mountType
        self.mountAccessor = mountAccessor
        self.mountClass = mountClass
        self.statusCode = statusCode
    }
}
