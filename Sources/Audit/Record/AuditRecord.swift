package import EngineKit

/// A request or a response as the pipeline processed it, with its secrets in plain text.
///
/// It is turned into a line at once and not kept. Values are written as HMACs unless their own comment says that they are
/// written in clear.
package struct AuditRecord: Sendable {
    /// Whether the record is that of a request or of a response.
    package enum Kind: Sendable, Hashable { case request, response }

    /// Whether the record is that of a request or of a response.
    package var kind: Kind
    /// When the request or response was processed. Written in clear.
    package var time: Timestamp
    /// The caller, if the request was authenticated.
    package var identity: AuditIdentity?
    /// The mount of the request's path, if there is one.
    package var mount: AuditMount?
    /// The request.
    package var request: AuditRequest
    /// The response; nil in the record of a request.
    package var response: AuditResponse?
    /// The error, written in clear and cut at 1 KiB. Error messages never hold a caller's values.
    package var error: String?

    /// Creates a record.
    package init(
        kind: Kind, time: Timestamp, identity: AuditIdentity? = nil, mount: AuditMount? = nil, request: AuditRequest,
        response: AuditResponse? = nil, error: String? = nil
    ) {
        self.kind = kind
        self.time = time
        self.identity = identity
        self.mount = mount
        self.request = request
        self.response = response
        self.error = error
    }
}
