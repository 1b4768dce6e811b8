package import EngineKit
package import NIOHTTP1

/// One request as it came: its head admitted, its body whole and within the limits, nothing in it interpreted.
package struct ShellRequest: Sendable {
    /// A UUID, also in the reply's `X-Request-Id`.
    package var id: String
    package var method: String
    /// Percent-encoded, from the first slash, without the query.
    package var path: String
    /// What follows the first `?`, still encoded; empty when nothing does.
    package var query: String
    package var headers: HTTPHeaders
    package var body: [UInt8]
    package var connection: Connection

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
