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
    package var auth: AuditAuth?
    package var request: AuditRequest
    /// Left out of request records.
    package var response: AuditResponse?
    /// Clear, cut at 1 KiB: error texts never hold a caller's value.
    package var error: String?
    /// `audit_non_hmac_request_keys` of the mount: top-level members of the request's data that stay clear.
    package var clearRequestKeys: [String]
    /// `audit_non_hmac_response_keys` of the mount.
    package var clearResponseKeys: [String]

    package init(
        kind: Kind, time: Timestamp, auth: AuditAuth? = nil, request: AuditRequest, response: AuditResponse? = nil,
        error: String? = nil, clearRequestKeys: [String] = [], clearResponseKeys: [String] = []
    ) {
        self.kind = kind
        self.time = time
        self.auth = auth
        self.request = request
        self.response = response
        self.error = error
        self.clearRequestKeys = clearRequestKeys
        self.clearResponseKeys = clearResponseKeys
    }
}
