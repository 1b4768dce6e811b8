package import Syntax

/// A request.
package struct AuditRequest: Sendable {
    /// A header of the request.
    package struct Header: Sendable {
        /// The name in lower case, written in clear.
        package var name: String
        /// The values, in the order in which they were sent.
        package var values: [String]
        /// Whether the values are written in clear, as an operator may configure. Never true for a header that carries
        /// credentials.
        package var isClear: Bool

        /// Creates a header.
        package init(name: String, values: [String], isClear: Bool = false) {
            self.name = name
            self.values = values
            self.isClear = isClear
        }
    }

    /// The request id that the caller received too. Written in clear.
    package var id: String
    /// The operation, such as `read`, `update` or `list`. Written in clear.
    package var operation: String
    /// The canonical path. Written in clear, except for segments that look like a token, which are written as HMACs.
    package var path: String
    /// The caller's IP address. Written in clear.
    package var remoteAddress: String?
    /// The caller's port. Written in clear.
    package var remotePort: Int?
    /// The request's data: its keys are written as they are, and each leaf as an HMAC. May be ``JSON/raw(_:)``.
    package var data: JSON?
    /// A body that is not JSON. It is written as one HMAC under `raw_body`.
    package var rawBody: AuditRawBody?
    /// The headers that an operator chose to record.
    package var headers: [Header]
    /// The requested lifetime of a wrapping token.
    package var wrapTTLSeconds: Int?
    /// The caller's token.
    package var clientToken: String?
    /// The accessor of the caller's token.
    package var clientTokenAccessor: String?

    /// Creates a request.
    package init(
        id: String, operation: String, path: String, remoteAddress: String? = nil, remotePort: Int? = nil, data: JSON? = nil,
        headers: [Header] = [], wrapTTLSeconds: Int? = nil, clientToken: String? = nil,
        clientTokenAccessor: String? = nil
    ) {
        self.id = id
        self.operation = operation
        self.path = path
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
        self.data = data
        self.headers = headers
        self.wrapTTLSeconds = wrapTTLSeconds
        self.clientToken = clientToken
        self.clientTokenAccessor = clientTokenAccessor
    }
}
