package import Syntax

/// What was asked.
package struct AuditRequest: Sendable {
    package struct Header: Sendable {
        /// Lower case; clear.
        package var name: String
        package var values: [String]
        /// An operator may list a header as clear; never for one that carries a credential.
        package var isClear: Bool

        package init(name: String, values: [String], isClear: Bool = false) {
            self.name = name
            self.values = values
            self.isClear = isClear
        }
    }

    /// Clear: the request id that the caller got too.
    package var id: String
    /// `read`, `update`, `list`, … Clear.
    package var operation: String
    /// The canonical path. Clear, but a segment that looks like a token becomes its HMAC.
    package var path: String
    package var remoteAddress: String?
    package var remotePort: Int?
    /// Keys clear, every other leaf an HMAC. May be ``JSON/raw(_:)``.
    package var data: JSON?
    /// A body that is not JSON.
    package var rawBody: AuditRawBody?
    package var headers: [Header]
    package var wrapTTLSeconds: Int?
    package var clientToken: String?
    package var clientTokenAccessor: String?

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
