/// An HTTP request to another server. Only what is given here is sent, apart from the headers that HTTP requires, `accept` and
/// `user-agent`.
package struct OutboundRequest: Sendable {
    /// The HTTP method.
    package enum Method: String, Sendable { case get = "GET", post = "POST", head = "HEAD", delete = "DELETE" }

    /// The HTTP method.
    package var method: Method
    /// The URL, which must be absolute.
    package var url: String
    /// The hosts that may be called. A request to any other host is refused before its name is resolved.
    package var allowedHosts: [String]
    /// The configured server that the request is for, with its own address policy, trust and bounds; nil to use those of the
    /// client.
    package let target: OutboundTarget?
    /// Headers to add.
    package var headers: [(name: String, value: String)]
    /// The body, sent with its `content-length`.
    package var body: [UInt8]

    /// Creates a request.
    package init(
        _ method: Method, _ url: String, allowedHosts: [String], headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.allowedHosts = allowedHosts
        self.headers = headers
        self.body = body
        target = nil
    }

    /// Creates a request to a target.
    ///
    /// - Parameter path: A path to append to that of the target's URL, whose query is then left out; empty for the URL itself.
    package init(
        _ method: Method, _ target: OutboundTarget, path: String = "", headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        url = target.url(appending: path)
        allowedHosts = [target.host]
        self.headers = headers
        self.body = body
        self.target = target
    }
}

/// A complete response. Redirects are not followed; they are returned like any other response.
package struct OutboundReply: Sendable, Hashable {
    /// The HTTP status code.
    package var status: Int
    /// The content type in lower case without parameters; empty if there was none.
    package var contentType: String
    /// The seconds of the `Retry-After` header, if it holds a number.
    package var retryAfter: Int?
    /// The body.
    package var body: [UInt8]
    /// Whether the address that answered is not a public one.
    package var isFromPrivateAddress = false

    /// Creates a reply, for tests.
    package init(status: Int, contentType: String = "application/json", retryAfter: Int? = nil, body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.body = body
    }
}

/// Why there is no response. The cases differ in whether a secret in the request may have been used by the other server.
package enum OutboundError: Error, Sendable, Hashable {
    /// The request is not allowed, and nothing was sent.
    case refused(Refusal)
    /// No connection could be made, and the request was not sent.
    case notSent(Fault)
    /// At least a part of the request was sent, but no complete response was received. The other server may have acted on it.
    case unanswered(Fault)

    /// Why a request is not allowed. The raw values are messages.
    package enum Refusal: String, Sendable, Hashable {
        case malformedURL = "the URL is not an absolute https URL"
        case notHTTPS = "the URL does not use https"
        case hostNotAllowed = "the host is not in allowed_hosts"
        case forbiddenAddress = "the host has a private, local or reserved address"
        case badHeader = "a header is malformed or repeated"
    }

    /// What went wrong. The raw values are messages.
    package enum Fault: String, Sendable, Hashable {
        case unresolved = "the host name could not be resolved"
        case unreachable = "could not connect to the host"
        case tlsFailed = "could not make a TLS connection to the host"
        case timedOut = "the request timed out"
        case closed = "the connection was closed before the response was complete"
        case tooLarge = "the response is too large"
        case tooMany = "too many requests to other servers are waiting for an answer"
        case malformed = "the response is not valid HTTP"
    }

    /// The error as a fixed message. It holds no part of the request.
    package var text: String {
        switch self {
        case .refused(let refusal): refusal.rawValue
        case .notSent(let fault), .unanswered(let fault): fault.rawValue
        }
    }
}

/// The only way in which the process makes HTTP requests to other servers.
package protocol Outbound: Sendable {
    /// Sends a request and returns the response, whatever its status code.
    ///
    /// - Throws: ``OutboundError`` if the request is not allowed or there is no complete response.
    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply

    /// Whether a target may be called, as far as its URL tells: false for an address that is not allowed, true for every name.
    func mayCall(_ target: OutboundTarget) -> Bool
}

extension Outbound {
    /// Returns true. Only a client with an address policy knows better.
    package func mayCall(_ target: OutboundTarget) -> Bool { true }
}
