package import EngineKit
package import Syntax

/// The response to a request.
package struct AuditResponse: Sendable {
    /// The wrapping token of a wrapped response.
    package final class WrapInfo: Sendable {
        /// The wrapping token; only its HMAC is written.
        package let token: String
        /// The accessor of the wrapping token.
        package let accessor: String
        /// The lifetime of the wrapping token.
        package let ttlSeconds: Int
        /// When the wrapping token was created.
        package let creationTime: Timestamp
        /// The path of the request whose response was wrapped.
        package let creationPath: String
        /// The accessor of the token in the wrapped response, if there is one.
        package let wrappedAccessor: String?

        /// Creates the description of a wrapping token.
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

    /// The response's data: its keys are written as they are, and each leaf as an HMAC. May be ``JSON/raw(_:)``.
    package var data: JSON?
    /// A body that is not JSON, such as a certificate or metrics. It is written as one HMAC under `raw_body`.
    package var rawBody: AuditRawBody?
    /// The token that a login or a token creation issued.
    package var issued: AuditIdentity?
    /// The wrapping token, if the response was wrapped.
    package var wrapInfo: WrapInfo?
    /// The lease of the response, written in clear as in Vault.
    package var leaseID: String?
    /// The number of warnings. Their texts are not written.
    package var warningsCount: Int
    /// The HTTP status code.
    package var statusCode: Int

    /// Creates a response.
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
