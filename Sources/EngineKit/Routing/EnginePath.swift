/// One declared path of an engine. Routing, validation, help, the OpenAPI document and the audit all read this.
///
/// An object, because each request is handed one and none changes it.
package final class EnginePath: Sendable {
    /// Handles one request.
    package typealias Handler = @Sendable (Request) async throws -> Response

    /// Who may call a path.
    package enum Access: Sendable {
        /// A valid token whose policies allow the operation.
        case token
        /// The same, and `sudo` besides.
        case sudo
        /// Anybody, in auth methods and secrets engines alike: logins, certificates of an authority, revocation lists.
        ///
        /// No policy is asked, and a token that comes along has no say. Everything else is as on other paths: quotas, the audit,
        /// and 503 while the server is sealed. A route where callers name themselves locks names that fail: ``LockingEngine``.
        case unauthenticated
    }

    /// How an endpoint takes the body of a request.
    package enum RequestBody: Sendable, Hashable {
        /// A JSON object, whose members are the declared fields.
        case json
        /// Bytes of any kind, at most so many: ``Request/rawBody``. The listener's own bound, which is lower for callers without a
        /// token, holds as well. Rules about parameters see nothing of the body, and the audit has its HMAC and its length.
        case bytes(max: Int)
    }

    /// One operation on a path.
    package struct Endpoint: Sendable {
        /// What the operation does, beginning with a verb, for help and the API description.
        package var summary: String
        /// The handler only reads. Its request and its answer are then put on record together, before the answer leaves;
        /// otherwise the request is on record before the handler is called.
        package var changesNothing: Bool
        /// How the body of a request is taken.
        package var body: RequestBody
        /// The media type of an answer that is not JSON (`.raw` or `.stream`), for the API description; nil for JSON. A request to
        /// wrap such an answer is refused before the handler is called.
        package var contentType: String?
        /// Handles a request that was authorized, validated and recorded.
        package var handler: Handler

        /// Declares an operation.
        package init(
            _ summary: String, changesNothing: Bool = false, takes body: RequestBody = .json,
            answers contentType: String? = nil, _ handler: @escaping Handler
        ) {
            self.summary = summary
            self.changesNothing = changesNothing
            self.body = body
            self.contentType = contentType
            self.handler = handler
        }
    }

    /// The pattern below the mount.
    package let pattern: PathPattern
    /// What the path is for, in one sentence.
    package let summary: String
    /// Further sentences for help.
    package let details: String
    /// The fields that requests may have.
    package let fields: [Field]
    /// Who may call the path.
    package let access: Access
    /// Takes any field besides the declared ones, and the engine reads `Request.body`.
    package let isOpen: Bool
    /// Whether a final slash means the same as none (mount paths). Otherwise only listings may have one.
    package let allowsFolder: Bool
    /// The operations, each with its handler.
    package let endpoints: [Operation: Endpoint]
    /// Whether the thing is there: decides between `create` and `update`. Without it every write is an update.
    package let exists: (@Sendable (Request) async throws -> Bool)?

    /// Declares a path.
    package init(
        _ pattern: PathPattern, _ summary: String, details: String = "", fields: [Field] = [], access: Access = .token,
        isOpen: Bool = false, allowsFolder: Bool = false, exists: (@Sendable (Request) async throws -> Bool)? = nil,
        endpoints: [Operation: Endpoint]
    ) {
        self.pattern = pattern
        self.summary = summary
        self.details = details
        self.fields = fields
        self.access = access
        self.isOpen = isOpen
        self.allowsFolder = allowsFolder
        self.endpoints = endpoints
        self.exists = exists
    }

    /// A write with no `create` of its own is handled as an update.
    package func endpoint(for operation: Operation) -> Endpoint? {
        endpoints[operation] ?? (operation == .create ? endpoints[.update] : nil)
    }
}

/// Thrown by an update that changes nothing when what it needs is not there, but could be made.
///
/// The pipeline then asks for `create` and calls that endpoint.
package struct CreationNeeded: Error {
    /// Creates the error.
    package init() {}
}
