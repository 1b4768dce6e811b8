/// One declared path of an engine. Routing, validation, help, the OpenAPI document and the audit all read this.
///
/// An object, because each request is handed one and none changes it.
package final class EnginePath: Sendable {
    package typealias Handler = @Sendable (Request) async throws -> Response

    package enum Access: Sendable {
        /// A valid token whose policies allow the operation.
        case token
        /// The same, and `sudo` besides.
        case sudo
        /// Anybody: logins and the few paths the protocol leaves open.
        case unauthenticated
    }

    package struct Endpoint: Sendable {
        package var summary: String
        /// The handler only reads. Its request and its answer are then put on record together, before the answer leaves;
        /// otherwise the request is on record before the handler is called.
        package var changesNothing: Bool
        package var handler: Handler

        package init(_ summary: String, changesNothing: Bool = false, _ handler: @escaping Handler) {
            self.summary = summary
            self.changesNothing = changesNothing
            self.handler = handler
        }
    }

    package let pattern: PathPattern
    package let summary: String
    package let details: String
    package let fields: [Field]
    package let access: Access
    /// Takes any field besides the declared ones, and the engine reads `Request.body`.
    package let isOpen: Bool
    /// Whether a final slash means the same as none (mount paths). Otherwise only listings may have one.
    package let allowsFolder: Bool
    package let endpoints: [Operation: Endpoint]
    /// Whether the thing is there: decides between `create` and `update`. Without it every write is an update.
    package let exists: (@Sendable (Request) async throws -> Bool)?

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
    package init() {}
}
