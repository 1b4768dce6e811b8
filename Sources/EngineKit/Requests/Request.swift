package import Syntax

/// One request as an engine sees it: authenticated, authorized, audited and validated.
package struct Request: Sendable {
    /// The id of the request, a UUID.
    package var id: String
    /// The operation.
    package var operation: Operation
    /// The whole canonical path, such as `secret/data/db`.
    package var path: CanonicalPath
    /// The path of the mount with its final slash, such as `secret/`.
    package var mountPath: String
    /// The captures of the path's pattern; see ``PathPattern``.
    package var captures: Captures
    /// The declared fields, from body, query and captures, in their declared types.
    package var fields: Fields
    /// The body as it was sent, for engines that store it whole.
    package var body: JSONObject
    /// The body as bytes, on routes that accept it (``EnginePath/RequestBody``); nil on all others. It is not part of
    /// `body` or of the declared fields.
    package var rawBody: RawContent?
    /// The caller; nil only on paths that are declared `.unauthenticated`.
    package var caller: Caller?
    /// Where the request came from.
    package var connection: Connection
    private var headers: [(name: String, value: String)] = []
    /// The requested lifetime of a wrapped response in seconds, or nil.
    package var wrapTTL: Int?
    /// The token as it was sent. Set only for the server's own mounts (`sys/`, `auth/token/`, `identity/`), some of which answer
    /// with it. On their paths that are declared `.unauthenticated` it may be anything, such as an access token of OAuth.
    package var presentedToken: String?
    /// The header `Authorization` with another scheme than `Bearer`, as it was sent; empty if there is none. Set only on paths of
    /// the server's own mounts that are declared `.unauthenticated`.
    package var authorization = ""
    /// The limits of the caller's capability token, or nil.
    package var narrowing: Narrowing?
    /// Returns whether the caller's policies allow an operation on another path of the same mount, for the items of a batch
    /// and for recursive listings.
    package var mayAlso: @Sendable (Operation, _ relativePath: String) -> Bool
    /// Returns whether the caller's policies grant `sudo` on the path, for requests that need it only in part.
    package var hasSudo: @Sendable () -> Bool = { false }

    /// Creates a request.
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

extension Request {
    /// The longest ``userAgent``, in bytes.
    package static let userAgentBytesMax = 256

    /// The client's header `User-Agent`, cut to ``userAgentBytesMax`` and with `?` in place of control characters; empty if there is
    /// none. It is the client's own word, and proves nothing.
    package var userAgent: String {
        guard let value = headers.first(where: { $0.name == "user-agent" })?.value else { return "" }
        let scalars = value.prefixUTF8(Self.userAgentBytesMax).unicodeScalars.lazy
            .map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Sets the headers of the client, their names in lower case.
    package mutating func setHeaders(_ headers: [(name: String, value: String)]) { self.headers = headers }
}
