package import EngineKit
package import Syntax

/// A request as a dialect passes it to the pipeline, neither trusted nor parsed.
package struct CoreRequest: Sendable {
    /// What a request authenticates with.
    package enum Credentials: Sendable {
        case none
        case token(String)
        /// Credentials that are valid for this request only; see ``InlineAuthenticator``.
        case inline(InlineCredentials)
        /// A login at an auth method that is valid for this request only.
        case login(RequestLogin)
    }

    /// The id of the request: a UUID that answers, log lines and audit records contain.
    package var id: String
    /// The operation; `.update` for POST and PUT, of which the pipeline finds out whether they create.
    package var operation: Operation
    /// The percent-encoded path without the dialect's prefix, such as `secret/data/db`.
    package var path: String
    /// The decoded query items, except those that the dialect consumes, such as `list` and `help`. They are the data of reads,
    /// listings, deletions and help; the query of a write is ignored.
    package var query: [(name: String, value: String)]
    /// The body: JSON, or any bytes on routes that accept them. Empty if there is none.
    package var body: [UInt8]
    /// The media type of the body with its parameters, as the client sent it, such as `multipart/form-data; boundary=x`; empty if
    /// the client sent none.
    package var contentType = ""
    /// Whether the body is declared as a form and does not look like JSON. Only routes that accept any bytes take it.
    package var isForm = false
    /// Whether the client only asks for the head of the answer to a read. What would change something is then refused, because nobody
    /// would get the answer.
    package var isHead = false
    /// What the caller authenticates with.
    package var credentials: Credentials
    /// The value of the header `Authorization` if it is neither a token nor other credentials of the dialect; empty if there is
    /// none. Only paths of the server's own mounts that take callers without a token see it.
    package var authorization = ""
    /// The client's address.
    package var connection: Connection
    /// The wanted life of a wrapping token in seconds; nil for an answer that is not wrapped.
    package var wrapTTL: Int?
    /// The request headers that the audit may be configured to record, their names in lower case.
    package var headers: [(name: String, value: String)]

    /// Creates a request.
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

/// A login that a client sends with another request, whose caller exists for that request only.
package struct RequestLogin: Sendable {
    /// The percent-encoded path of the login without the dialect's prefix, such as `auth/jwt/login`.
    package var path: String
    /// The parameters of the login, as the body of a request to the path would have them.
    package var parameters: JSONObject

    /// Creates a login.
    package init(path: String, parameters: JSONObject) {
        self.path = path
        self.parameters = parameters
    }
}

/// The pipeline's answer to a request.
package struct CoreAnswer: Sendable {
    /// The id of the request.
    package var requestID: String
    /// The type of the mount that answered, such as `kv`; empty if none did.
    package var mountType: String
    /// The full canonical path of the request; empty if it was malformed.
    package var path: String
    /// The response, or the error to send.
    package var outcome: Result<Response, CofferError>
    /// Headers that every dialect adds to its own, such as those of a quota; names in lower case.
    package var headers: [(name: String, value: String)] = []
    /// Why inline credentials were refused; nil if they were not. The outcome then is `.permissionDenied` or the answer of a path
    /// that needs no credentials.
    package var inlineRefusal: InlineRefusal?
    /// The display name of the grant of inline credentials; nil if there were none or they were refused.
    package var inlineName: String?
    /// Whether the outcome is the refusal of the login that came with the request, which was not served then.
    package var isRefusalOfLogin = false

    /// Creates an answer.
    package init(requestID: String, mountType: String = "", path: String = "", outcome: Result<Response, CofferError>) {
        self.requestID = requestID
        self.mountType = mountType
        self.path = path
        self.outcome = outcome
    }
}

/// A request that a dialect or the HTTP shell refused before it reached the pipeline, for the audit.
package struct RefusedRequest: Sendable {
    /// The id of the request.
    package var id: String
    /// The HTTP method as it was sent.
    package var method: String
    /// The percent-encoded path without the dialect's prefix. A path outside all dialects has its leading slash.
    package var path: String
    /// What the caller sent as credentials; they were not checked.
    package var credentials: CoreRequest.Credentials
    /// The client's address.
    package var connection: Connection
    /// The HTTP status of the answer.
    package var status: Int
    /// Why it was refused: a constant text, which contains nothing that was sent.
    package var reason: String

    /// Creates a refused request.
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

/// What answers the requests of all dialects.
package protocol Pipeline: Sendable {
    /// Answers a request. The answer is in the audit log, where one is enabled, before this returns.
    func handle(_ request: consuming CoreRequest) async -> CoreAnswer
    /// Records a refusal, which must not be sent before this returns. Returns nil, or the error to send instead.
    func record(_ refused: RefusedRequest) async -> CofferError?
    /// Returns whether a token is valid. Counts as a request in the global rate-limit quota, and throws `.rateLimited` beyond it.
    /// Does not spend a use of the token, and says nothing about what the token may do.
    func knows(token: String, from connection: Connection) async throws(CofferError) -> Bool
}

extension Pipeline {
    /// Returns false: by default no token is known.
    package func knows(token: String, from connection: Connection) async throws(CofferError) -> Bool { false }

    /// Returns nil: by default nothing is recorded.
    package func record(_ refused: RefusedRequest) async -> CofferError? { nil }
}
