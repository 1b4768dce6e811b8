package import Syntax

/// An engine's answer. A dialect turns it into its own JSON, except where the body is raw or streamed.
package struct Response: Sendable {
    /// The body of an answer.
    package enum Body: Sendable {
        /// No body: 204, unless there is something else to tell.
        case none
        /// The `data` of the envelope: an object, or `.raw` text of one.
        case data(JSON)
        /// The whole body, without an envelope, as `sys/health` answers.
        case bare(JSON)
        /// The whole body as bytes, as a certificate is answered. It cannot be wrapped, and warnings are not shown.
        case raw(RawContent)
        /// The whole body, made while it is sent. It cannot be wrapped, and warnings are not shown.
        case stream(StreamedContent)

        /// Whether a dialect can put the body into JSON of its own, and so wrap it.
        package var isJSON: Bool {
            switch self {
            case .none, .data, .bare: true
            case .raw, .stream: false
            }
        }
    }

    /// The body.
    package var body: Body
    /// Where the usual one (200, or 204 with no body) does not fit.
    package var status: Int?
    private var extras: Extras?

    /// Creates an answer.
    package init(_ body: Body, status: Int? = nil, auth: Authentication? = nil, warnings: [String] = []) {
        self.body = body
        self.status = status
        if auth != nil { self.auth = auth }
        if !warnings.isEmpty { self.warnings = warnings }
    }

    /// Nothing beside the body that an envelope would hold.
    package var hasNothingToSay: Bool { auth == nil && lease == nil && wrapInfo == nil && warnings.isEmpty }

    /// An answer without a body: 204.
    package static let empty = Response(.none)
    /// Returns an answer with the object as the `data` of the envelope.
    package static func data(_ object: JSONObject) -> Response { .init(.data(.object(object))) }
    /// Returns an answer whose whole body is the object.
    package static func bare(_ object: JSONObject, status: Int? = nil) -> Response { .init(.bare(.object(object)), status: status) }
    /// Returns an answer whose whole body is `bytes`.
    package static func raw(_ bytes: [UInt8], contentType: String, status: Int? = nil) -> Response {
        .init(.raw(RawContent(bytes, contentType: contentType)), status: status)
    }
    /// Returns an answer whose body is made while it is sent.
    package static func stream(_ content: StreamedContent) -> Response { .init(.stream(content)) }

    /// `{"keys": [...]}`, or 404 when there are none, as the Vault API answers lists.
    package static func keys(_ keys: [String], info: JSONObject? = nil) throws(CofferError) -> Response {
        guard !keys.isEmpty else { throw .notFound }
        var data: JSONObject = ["keys": .strings(keys)]
        if let info { data["key_info"] = .object(info) }
        return .data(data)
    }
}

/// What few answers have. Kept apart and in one piece, because an answer is handed on many times.
extension Response {
    private struct More: Sendable {
        var auth: Authentication?
        var leaseSeconds = 0
        var lease: Lease?
        var wrapInfo: WrapInfo?
        var warnings: [String] = []
        var afterRecording: (@Sendable () async -> Void)?
        var takeBack: (@Sendable () async throws -> Void)?
    }

    private indirect enum Extras: Sendable { case some(More) }

    /// The token that a login or a token creation issues, as it is granted and as it is shown.
    package var auth: Authentication? {
        get { more?.auth }
        set { change { $0.auth = newValue } }
    }
    /// How long the answer is good for when no lease was registered: the envelope's `lease_duration`.
    package var leaseSeconds: Int {
        get { more?.leaseSeconds ?? 0 }
        set { change { $0.leaseSeconds = newValue } }
    }
    /// What ends with this answer's lease.
    package var lease: Lease? {
        get { more?.lease }
        set { change { $0.lease = newValue } }
    }
    /// The token that the answer itself waits under; then there is no body.
    package var wrapInfo: WrapInfo? {
        get { more?.wrapInfo }
        set { change { $0.wrapInfo = newValue } }
    }
    /// Sentences that the envelope shows beside the data.
    package var warnings: [String] {
        get { more?.warnings ?? [] }
        set { change { $0.warnings = newValue } }
    }
    /// Done when the answer is on record and before it leaves, such as sealing.
    package var afterRecording: (@Sendable () async -> Void)? {
        get { more?.afterRecording }
        set { change { $0.afterRecording = newValue } }
    }
    /// Undoes what was made for this answer, when it cannot be recorded and so does not leave.
    package var takeBack: (@Sendable () async throws -> Void)? {
        get { more?.takeBack }
        set { change { $0.takeBack = newValue } }
    }

    private var more: More? {
        if case .some(let more)? = extras { more } else { nil }
    }

    private mutating func change(_ body: (inout More) -> Void) {
        var more = more ?? More()
        body(&more)
        extras = .some(more)
    }
}

/// What a login or a token creation gives.
package enum Authentication: Sendable {
    /// An auth method says who this is; the pipeline makes the token.
    case grant(AuthGrant)
    /// A token that exists.
    case issued(IssuedAuth)
}
