package import EngineKit

/// What a dialect hands to the pipeline: one request, nothing of it trusted or parsed yet.
package struct CoreRequest: Sendable {
    package enum Credentials: Sendable {
        case none
        case token(String)
        /// Good for this request alone; see ``InlineAuthenticator``.
        case inline(InlineCredentials)
    }

    /// A UUID made by the HTTP shell; in every reply, log line and audit record.
    package var id: String
    /// `.update` for POST and PUT; the pipeline finds out whether it creates.
    package var operation: Operation
    /// Percent-encoded, without the dialect's prefix: `secret/data/db`.
    package var path: String
    /// Decoded query items other than `list`, `help` and the like, which the dialect consumed. Data of a read, a listing, a
    /// deletion and help; nothing reads those of a write.
    package var query: [(name: String, value: String)]
    /// The body; empty when there is none. JSON text, except on routes that take bytes of any kind.
    package var body: [UInt8]
    /// The body's media type as its sender says it, with its parameters, such as `multipart/form-data; boundary=x`; empty if the
    /// sender says nothing.
    package var contentType = ""
    /// The body says that it is a form, and does not look like JSON. Only a route that takes bytes of any kind takes it.
    package var isForm = false
    package var credentials: Credentials
    package var connection: Connection
    /// Seconds, or nil when the caller wants no wrapping.
    package var wrapTTL: Int?
    /// Request headers by lower-case name that the audit may be configured to record.
    package var headers: [(name: String, value: String)]

    package init(
        id: String, operation: Operation, path: String, query: [(name: String, value: String)] = [], body: [UInt8] = [],
        credentials: Credentials = .none, connection: Connection = .init(), wrapTTL: Int? = nil,
        headers: [(name: String, value: String)] = []
    ) {
        self.id = id
        self.operation = operation
        self.path = path
        self.query = query
        self.body = body
        self.credentials = credentials
        self.connection = connection
        self.wrapTTL = wrapTTL
        self.headers = headers
    }
}

/// What the pipeline answers.
package struct CoreAnswer: Sendable {
    package var requestID: String
    /// The type of the mount that answered, such as `kv`; empty when none did.
    package var mountType: String
    /// Relative to nothing: the whole canonical path, empty when it was refused.
    package var path: String
    package var outcome: Result<Response, CofferError>
    /// For every dialect to send beside its own, such as what is left of a quota; names in lower case.
    package var headers: [(name: String, value: String)] = []
    /// Why inline credentials were not accepted; the outcome is a `.permissionDenied` then, or what an open path answered.
    package var inlineRefusal: InlineRefusal?
    /// Whose inline credentials they were: the grant's display name; nil when they were none or refused.
    package var inlineName: String?

    package init(requestID: String, mountType: String = "", path: String = "", outcome: Result<Response, CofferError>) {
        self.requestID = requestID
        self.mountType = mountType
        self.path = path
        self.outcome = outcome
    }
}

/// What a dialect or the shell refused before it was a request to the pipeline.
package struct RefusedRequest: Sendable {
    package var id: String
    package var method: String
    /// As it came, percent-encoded, without the dialect's prefix; of a path outside all dialects with its first slash.
    package var path: String
    package var credentials: CoreRequest.Credentials
    package var connection: Connection
    package var status: Int
    /// Fixed text, which holds nothing that was sent.
    package var reason: String

    package init(
        id: String, method: String, path: String, credentials: CoreRequest.Credentials = .none, connection: Connection, status: Int,
        reason: String
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.credentials = credentials
        self.connection = connection
        self.status = status
        self.reason = reason
    }
}

/// The one way in for every dialect.
package protocol Pipeline: Sendable {
    func handle(_ request: CoreRequest) async -> CoreAnswer
    /// Puts a refusal on record, which may only be answered then; an error is to be answered in its place.
    func record(_ refused: RefusedRequest) async -> CofferError?
    /// Whether the token is good now. Spends nothing of it, and is no answer to what it may do. The quota for everything counts
    /// it as a request and refuses what is beyond it.
    func knows(token: String, from connection: Connection) async throws(CofferError) -> Bool
}

extension Pipeline {
    package func knows(token: String, from connection: Connection) async throws(CofferError) -> Bool { false }

    package func record(_ refused: RefusedRequest) async -> CofferError? { nil }
}
