/// What carries a request to the server. One call, one exchange: no retries, no redirects.
public protocol ClientTransport: Sendable {
    func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse
    func shutdown() async
}

/// A request ready for the wire.
public struct ClientRequest: Sendable {
    public var method: ClientMethod
    public var url: String
    public var headers: [HeaderItem]
    public var body: [UInt8]?

    public init(method: ClientMethod, url: String, headers: [HeaderItem] = [], body: [UInt8]? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    func hasHeader(_ name: String) -> Bool { headers.first(named: name) != nil }
}

/// An answer as it came, before any meaning is given to it.
public struct TransportResponse: Sendable {
    public var status: Int
    public var headers: [HeaderItem]
    public var body: [UInt8]

    public init(status: Int, headers: [HeaderItem] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    var redirectTarget: String? {
        [301, 302, 307, 308].contains(status) ? headers.first(named: "location") : nil
    }
}
