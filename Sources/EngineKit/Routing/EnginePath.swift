/// A declared path of an engine. Routing, validation, help, the OpenAPI document and the audit log use it.
///
/// It is a class, because each request refers to one and none changes it.
package final class EnginePath: Sendable {
    /// Handles one request.
    package typealias Handler = @Sendable (Request) async throws -> Response

    /// Who may call a path.
    package enum Access: Sendable {
        /// A valid token whose policies allow the operation.
        case token
        /// A valid token whose policies allow the operation and grant `sudo`.
        case sudo
        /// Anybody, in auth methods and secrets engines alike: logins, certificates of an authority, revocation lists.
        ///
        /// No policy is evaluated, and a token in the request is ignored. Everything else is as on other paths: quotas, the
        /// audit log, and 503 while the server is sealed. A route on which callers name themselves must lock names that
        /// fail: ``LockingEngine``.
        case unauthenticated
    }

    /// How an endpoint accepts the body of a request.
    package enum RequestBody: Sendable, Hashable {
        /// A JSON object, whose members are the declared fields.
        case json
        /// Bytes of any kind, at most `max` of them: ``Request/rawBody``. The listener's limit, which is lower for callers
        /// without a token, applies as well. Rules about parameters do not see the body, and the audit log contains its
        /// HMAC and its length.
        case bytes(max: Int)
    }

    /// One operation on a path.
    package struct Endpoint: Sendable {
        /// What the operation does, beginning with a verb, for help and the API description.
        package var summary: String
        /// Whether the handler only reads. Its request and its answer are then recorded together, before the answer is
        /// sent; otherwise the request is recorded before the handler is called.
        package var changesNothing: Bool
        /// How the body of a request is accepted.
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
    /// Whether one request to the path is a whole login, which can therefore be sent inside another request. False for the paths of
    /// logins with several steps.
    package let isLogin: Bool
    /// Whether the path accepts fields that are not declared, which the engine reads from `Request.body`.
    package let isOpen: Bool
    /// Whether a final slash makes no difference, as for paths of mounts. Otherwise, only listings may have one.
    package let allowsFolder: Bool
    /// The operations, each with its handler.
    package let endpoints: [Operation: Endpoint]
    /// Returns whether the object exists, which decides between `create` and `update`. Nil if every write is an update.
    package let exists: (@Sendable (Request) async throws -> Bool)?

    /// Declares a path, to which operations are added by calls such as ``reading(_:changesNothing:answers:_:)``.
    package init(
        _ pattern: PathPattern, _ summary: String, details: String = "", fields: [Field] = [], access: Access = .token,
        isLogin: Bool = false, isOpen: Bool = false, allowsFolder: Bool = false,
        exists: (@Sendable (Request) async throws -> Bool)? = nil
    ) {
        self.pattern = pattern
        self.summary = summary
        self.details = details
        self.fields = fields
        self.access = access
        self.isLogin = isLogin
        self.isOpen = isOpen
        self.allowsFolder = allowsFolder
        self.exists = exists
        endpoints = [:]
    }

    /// Creates a path like another one, with other operations.
    init(_ path: EnginePath, endpoints: [Operation: Endpoint]) {
        pattern = path.pattern
        summary = path.summary
        details = path.details
        fields = path.fields
        access = path.access
        isLogin = path.isLogin
        isOpen = path.isOpen
        allowsFolder = path.allowsFolder
        exists = path.exists
        self.endpoints = endpoints
    }

    /// Returns the endpoint of an operation. A write without a `create` endpoint is handled as an update.
    package func endpoint(for operation: Operation) -> Endpoint? {
        endpoints[operation] ?? (operation == .create ? endpoints[.update] : nil)
    }
}

/// Thrown by an update that changes nothing if what it needs does not exist but could be created.
///
/// The pipeline then checks for `create` and calls that endpoint.
package struct CreationNeeded: Error {
    /// Creates the error.
    package init() {}
}
