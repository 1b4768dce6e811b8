/// A way to carry requests to the server.
///
/// ``CofferClient`` adds retries and redirects; a transport makes exactly one exchange for each call. Implement it to record
/// requests in a test or to use another HTTP client.
public protocol ClientTransport: Sendable {
    /// Sends a request and returns the answer, whatever its status.
    ///
    /// - Parameter request: The request, with its complete URL and headers.
    /// - Returns: The answer.
    /// - Throws: ``ClientError`` if there is no complete answer.
    func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse

    /// Closes the connections. No request is sent after it.
    func shutdown() async
}

/// A request with its complete URL and headers.
public struct ClientRequest: Sendable {
    /// The method. Never ``ClientMethod/list``, which ``CofferClient`` turns into a ``ClientMethod/get``.
    public var method: ClientMethod
    /// The percent-encoded URL, such as `https://host:8200/v1/secret/data/app?version=2`.
    ///
    /// For a Unix socket it is `http+unix://` followed by the percent-encoded path of the socket.
    public var url: String
    /// The header fields to send.
    public var headers: [HeaderItem]
    /// The body, or nil to send none.
    public var body: [UInt8]?

    /// Creates a request.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - url: The percent-encoded URL.
    ///   - headers: The header fields to send.
    ///   - body: The body, or nil to send none.
    public init(method: ClientMethod, url: String, headers: [HeaderItem] = [], body: [UInt8]? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    func hasHeader(_ name: String) -> Bool { headers.first(named: name) != nil }
}

/// An answer as a transport received it.
public struct TransportResponse: Sendable {
    /// The HTTP status.
    public var status: Int
    /// The header fields in the order in which they were received.
    public var headers: [HeaderItem]
    /// The body; empty if there is none.
    public var body: [UInt8]

    /// Creates an answer.
    ///
    /// - Parameters:
    ///   - status: The HTTP status.
    ///   - headers: The header fields.
    ///   - body: The body; empty if there is none.
    public init(status: Int, headers: [HeaderItem] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The `Location` of a redirect that keeps the method, or nil if the answer is not a redirect.
    var redirectTarget: String? {
        [301, 302, 307, 308].contains(status) ? headers.first(named: "location") : nil
    }
}
