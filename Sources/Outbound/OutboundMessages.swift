/// A call to somebody else's server. It carries what is given here and nothing of Coffer's own.
package struct OutboundRequest: Sendable {
    package enum Method: String, Sendable { case get = "GET", post = "POST", head = "HEAD", delete = "DELETE" }

    package var method: Method
    package var url: String
    /// The only hosts that may be called; a host that is not listed is refused before anything is resolved.
    package var allowedHosts: [String]
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        _ method: Method, _ url: String, allowedHosts: [String], headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.allowedHosts = allowedHosts
        self.headers = headers
        self.body = body
    }
}

/// A whole answer within the bounds. Redirects are answers like any other: nobody follows them.
package struct OutboundReply: Sendable, Hashable {
    package var status: Int
    /// Lower case, without parameters; empty when there was none.
    package var contentType: String
    /// Seconds, where `Retry-After` has them.
    package var retryAfter: Int?
    package var body: [UInt8]

    package init(status: Int, contentType: String = "application/json", retryAfter: Int? = nil, body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.body = body
    }
}

/// Why there is no answer. The difference decides whether a secret that was in the request counts as spent.
package enum OutboundError: Error, Sendable, Hashable {
    /// The rules forbid the call; nothing left this machine.
    case refused(Refusal)
    /// No connection came about; the request was not sent.
    case notSent(Fault)
    /// The request, or a part of it, was sent and no whole answer came: the other side may have acted on it.
    case unanswered(Fault)

    package enum Refusal: String, Sendable, Hashable {
        case malformedURL = "the URL is not a plain https URL"
        case notHTTPS = "only https may be called"
        case hostNotAllowed = "the host is not one of allowed_hosts"
        case forbiddenAddress = "the host has a private, local or reserved address"
        case badHeader = "a header is malformed"
    }

    package enum Fault: String, Sendable, Hashable {
        case unresolved = "the host's name could not be resolved"
        case unreachable = "no connection to the host"
        case tlsFailed = "no TLS connection to the host"
        case timedOut = "timed out"
        case closed = "the connection ended before the answer did"
        case tooLarge = "the answer is too large"
        case malformed = "the answer is not HTTP"
    }

    /// Whether the other side may have acted on the request.
    package var mayHaveActed: Bool { if case .unanswered = self { true } else { false } }

    package var text: String {
        switch self {
        case .refused(let refusal): refusal.rawValue
        case .notSent(let fault), .unanswered(let fault): fault.rawValue
        }
    }
}

/// Calls other servers. The one way out of the process over HTTP.
package protocol Outbound: Sendable {
    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply
}
