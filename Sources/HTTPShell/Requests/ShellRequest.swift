package import EngineKit
package import NIOHTTP1

/// A complete request within the limits of its listener, for a dialect to interpret.
package struct ShellRequest: Sendable {
    /// The request's identifier, a UUID, which is in the answer's `X-Request-Id` too.
    package var id: String
    /// The method, in upper case.
    package var method: String
    /// The percent-encoded path, from the first slash, without the query.
    package var path: String
    /// The percent-encoded query after the first `?`; empty if there is none.
    package var query: String
    /// The header fields in the order of the request.
    package var headers: HTTPHeaders
    /// The body; empty if there is none.
    package var body: [UInt8]
    /// The client's address and the names in its certificate.
    package var connection: Connection

    /// Creates a request.
    package init(
        id: String, method: String, path: String, query: String = "", headers: HTTPHeaders = [:], body: [UInt8] = [],
        connection: Connection = .init()
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.connection = connection
    }
}
