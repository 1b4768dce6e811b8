package import EngineKit

/// One request or one response as the pipeline saw it, with its secrets still plain.
///
/// The room turns it into a line; nothing plain is kept. Everything here is written as an HMAC unless its
/// own comment says "clear".
package struct AuditRecord: Sendable {
    package enum Kind: Sendable, Hashable { case request, response }

    package var kind: Kind
    /// Clear.
    package var time: Timestamp
    package var identity: AuditIdentity?
    package var mount: AuditMount?
    package var request: AuditRequest
    /// Left out of request records.
    package var response: AuditResponse?
    /// Clear, cut at 1 KiB: error texts never hold a caller's value.
    package var error: String?

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
