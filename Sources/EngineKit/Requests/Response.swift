package import Syntax

/// An engine's answer. A dialect puts it into its own JSON, unless the body is raw or streamed.
package struct Response: Sendable {
    /// The body of an answer.
    package enum Body: Sendable {
        /// No body: 204, unless the answer has something else to show.
        case none
        /// The `data` of the envelope: an object, or its text as `.raw`.
        case data(JSON)
        /// The whole body, without an envelope, as for `sys/health`.
        case bare(JSON)
        /// The whole body as bytes, such as a certificate. It cannot be wrapped, and warnings are not shown.
        case raw(RawContent)
        /// The whole body, produced while it is sent. It cannot be wrapped, and warnings are not shown.
        case stream(StreamedContent)

        /// Whether a dialect can put the body into its own JSON, and so wrap it.
        package var isJSON: Bool {
            switch self {
            case .none, .data, .bare: true
            case .raw, .stream: false
            }
        }
    }

    /// The body.
    package var body: Body
    /// The status, if it is not the usual one (200, or 204 without a body).
    package var status: Int?
    private var extras: Extras?

    /// Creates an answer.
    package init(_ body: Body, status: Int? = nil, auth: Authentication? = nil, warnings: [String] = []) {
        self.body = body
        self.status = status
        if auth != nil { self.auth = auth }
        if !warnings.isEmpty { self.warnings = warnings }
    }

    /// Whether an envelope would contain nothing besides the body.
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
    /// Returns an answer whose body is produced while it is sent.
    package static func stream(_ content: StreamedContent) -> Response { .init(.stream(content)) }

    /// Returns `{"keys": [...]}`, or throws a 404 if there are none, as the Vault API answers lists.
    package static func keys(_ keys: [String], info: JSONObject? = nil) throws(CofferError) -> Response {
        guard !keys.isEmpty else { throw .notFound }
        var data: JSONObject = ["keys": .strings(keys)]
        if let info { data["key_info"] = .object(info) }
        return .data(data)
    }
}

/// Members that few answers have. They are in a separate object, because an answer is passed on many times.
extension Response {
    private struct More: Sendable {
        var auth: Authentication?
        var leaseSeconds = 0
        var lease: Lease?
        var wrapInfo: WrapInfo?
        var warnings: [String] = []
        var afterRecording: (@Sendable () async -> Void)?
        var takeBack: (@Sendable () async throws -> Void)?
        var headers: [(name: String, value: String)] = []
    }

    private indirect enum Extras: Sendable { case some(More) }

    /// The token that a login or a token creation issues, as it is granted and as it is shown.
    package var auth: Authentication? {
        get { more?.auth }
        set { change { $0.auth = newValue } }
    }
    /// How long the answer is valid if no lease was registered: `lease_duration` of the envelope.
    package var leaseSeconds: Int {
        get { more?.leaseSeconds ?? 0 }
        set { change { $0.leaseSeconds = newValue } }
    }
    /// The lease of the answer.
    package var lease: Lease? {
        get { more?.lease }
        set { change { $0.lease = newValue } }
    }
    /// The wrapping token that contains the answer; there is no body then.
    package var wrapInfo: WrapInfo? {
        get { more?.wrapInfo }
        set { change { $0.wrapInfo = newValue } }
    }
    /// Sentences that the envelope shows next to the data.
    package var warnings: [String] {
        get { more?.warnings ?? [] }
        set { change { $0.warnings = newValue } }
    }
    /// Called after the answer was recorded and before it is sent, for example to seal the server.
    package var afterRecording: (@Sendable () async -> Void)? {
        get { more?.afterRecording }
        set { change { $0.afterRecording = newValue } }
    }
    /// Undoes what was created for this answer if it cannot be recorded and is therefore not sent.
    package var takeBack: (@Sendable () async throws -> Void)? {
        get { more?.takeBack }
        set { change { $0.takeBack = newValue } }
    }

    /// Headers of the answer, with lower-case names. `cache-control` replaces the one that forbids keeping the answer.
    package var headers: [(name: String, value: String)] {
        get { more?.headers ?? [] }
        set { change { $0.headers = newValue } }
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

/// The result of a login or a token creation.
package enum Authentication: Sendable {
    /// The verdict of an auth method; the pipeline creates the token.
    case grant(AuthGrant)
    /// An existing token.
    case issued(IssuedAuth)
}
