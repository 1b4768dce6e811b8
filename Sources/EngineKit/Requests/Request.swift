package import Syntax

/// One request as an engine sees it: authenticated, authorized, audited and validated.
package struct Request: Sendable {
    package var id: String
    package var operation: Operation
    /// The whole canonical path, such as `secret/data/db`.
    package var path: CanonicalPath
    /// With a final slash, such as `secret/`.
    package var mountPath: String
    /// What the path's pattern captured; see ``PathPattern``.
    package var captures: Captures
    /// The declared fields, from body, query and captures, in their declared types.
    package var fields: Fields
    /// The body as it was sent, for engines that store it whole.
    package var body: JSONObject
    /// The body as bytes, on routes that take it so (``EnginePath/RequestBody``); nil on all others. `body` and the declared fields
    /// hold nothing of it.
    package var rawBody: RawContent?
    /// nil only on paths that are declared `.unauthenticated`.
    package var caller: Caller?
    package var connection: Connection
    package var wrapTTL: Int?
    /// The token as it came; set only for the server's own mounts (`sys/`, `auth/token/`), which answer with it.
    package var presentedToken: String?
    /// What the caller's credentials leave of its rights, where their holder narrowed them; nil for all of them.
    package var narrowing: Narrowing?
    /// Asks the caller's policies about another path of the same mount: batch items and recursive listings.
    package var mayAlso: @Sendable (Operation, _ relativePath: String) -> Bool
    /// Whether the caller's policies give `sudo` on this request's path, where only part of what it can ask needs that.
    package var hasSudo: @Sendable () -> Bool = { false }

    package init(
        id: String, operation: Operation, path: CanonicalPath, mountPath: String, captures: Captures = .init(),
        fields: Fields = .init(), body: JSONObject = .init(), caller: Caller? = nil, connection: Connection = .init(),
        wrapTTL: Int? = nil, mayAlso: @escaping @Sendable (Operation, String) -> Bool = { _, _ in false }
    ) {
        self.id = id
        self.operation = operation
        self.path = path
        self.mountPath = mountPath
        self.captures = captures
        self.fields = fields
        self.body = body
        self.caller = caller
        self.connection = connection
        self.wrapTTL = wrapTTL
        self.mayAlso = mayAlso
    }
}
