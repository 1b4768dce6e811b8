package import EngineKit
package import Syntax

/// What was answered.
package struct AuditResponse: Sendable {
    package final class WrapInfo: Sendable {
        package let token: String
        package let accessor: String
        package let ttlSeconds: Int
        package let creationTime: Timestamp
        package let creationPath: String
        package let wrappedAccessor: String?

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
    /// A body that is not JSON, such as a certificate or a page of metrics.
    package var rawBody: AuditRawBody?
    /// A login or a new token.
    package var issued: AuditIdentity?
    package var wrapInfo: WrapInfo?
    /// Clear, as in Vault.
    package var leaseID: String?
    /// How many warnings went out; their texts are not written.
    package var warningsCount: Int
    package var statusCode: Int

    package init(
        data: JSON? = nil, rawBody: AuditRawBody? = nil, issued: AuditIdentity? = nil, wrapInfo: WrapInfo? = nil,
        leaseID: String? = nil, warningsCount: Int = 0, statusCode: Int
    ) {
        self.data = data
        self.rawBody = rawBody
        self.issued = issued
        self.wrapInfo = wrapInfo
        self.leaseID = leaseID
        self.warningsCount = warningsCount
        self.statusCode = statusCode
    }
}
