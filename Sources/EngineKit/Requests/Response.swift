package import Syntax

/// An engine's answer. A dialect turns it into its own JSON.
package struct Response: Sendable {
    package enum Body: Sendable {
        /// 204.
        case none
        /// The `data` of the envelope: an object, or `.raw` text of one.
        case data(JSON)
        /// The whole body, without an envelope, as `sys/health` answers.
        case bare(JSON)
    }

    package var body: Body
    /// Where the usual one (200, or 204 with no body) does not fit.
    package var status: Int?
    package var auth: Authentication?
    /// How long the answer is good for when no lease was registered: the envelope's `lease_duration`.
    package var leaseSeconds = 0
    /// What ends with this answer's lease.
    package var lease: Lease?
    /// The token that the answer itself waits under; then there is no body.
    package var wrapInfo: WrapInfo?
    package var warnings: [String] = []
    /// Done when the answer is on record and before it leaves, such as sealing.
    package var afterRecording: (@Sendable () async -> Void)?
    /// Undoes what was made for this answer, when it cannot be recorded and so does not leave.
    package var takeBack: (@Sendable () async throws -> Void)?
    /// Keys of `data` and of the request that the audit may show in the clear, such as counters.
    package var auditClearKeys: [String] = []

    package init(_ body: Body, status: Int? = nil, auth: Authentication? = nil, warnings: [String] = []) {
        self.body = body
        self.status = status
        self.auth = auth
        self.warnings = warnings
    }

    /// Nothing beside the body that an envelope would hold.
    package var hasNothingToSay: Bool { auth == nil && lease == nil && wrapInfo == nil && warnings.isEmpty }

    package static let empty = Response(.none)
    package static func data(_ object: JSONObject) -> Response { .init(.data(.object(object))) }
    package static func bare(_ object: JSONObject, status: Int? = nil) -> Response { .init(.bare(.object(object)), status: status) }

    /// `{"keys": [...]}`, or 404 when there are none, as the Vault API answers lists.
    package static func keys(_ keys: [String], info: JSONObject? = nil) throws(CofferError) -> Response {
        guard !keys.isEmpty else { throw .notFound }
        var data: JSONObject = ["keys": .strings(keys)]
        if let info { data["key_info"] = .object(info) }
        return .data(data)
    }
}

/// What a login or a token creation gives.
package enum Authentication: Sendable {
    /// An auth method says who this is; the pipeline makes the token.
    case grant(AuthGrant)
    /// A token that exists.
    case issued(IssuedAuth)
}
