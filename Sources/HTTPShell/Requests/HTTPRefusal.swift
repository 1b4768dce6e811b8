import Syntax

/// The reason why the shell refused a request. The messages are fixed and never contain anything that the client sent.
package struct HTTPRefusal: Error, Sendable, Hashable {
    /// The HTTP status of the answer.
    package var status: Int
    /// The message of the answer; empty for a plain 404.
    package var message: String
    /// The number of seconds after which the client can try again, or nil if waiting does not help.
    package var retryAfter: Int?

    /// Creates a refusal.
    package init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    /// Whether the refusal is recorded in the audit log. It is if the request itself is wrong; it is not if the server is
    /// at capacity (503), the client is slow (408) or a rate limit applies (429). Refused large bodies are recorded,
    /// because they come from callers with a valid token.
    package var isRecorded: Bool {
        self == .largeBodiesFull || (400..<500).contains(status) && status != 408 && status != 429
    }

    /// The headers of the answer.
    package var headers: [(name: String, value: String)] { retryAfter.map { [("retry-after", String($0))] } ?? [] }

    /// The answer as `{"errors": ["..."]}`, with an empty list for a plain 404.
    package var response: ShellResponse {
        let errors: JSON = message.isEmpty ? .array([]) : .strings([message])
        return ShellResponse(status: status, headers: headers, body: JSON.object(["errors": errors]).encoded())
    }
}

extension HTTPRefusal {
    /// The bytes are not a valid HTTP request.
    package static let malformed = HTTPRefusal(400, "malformed HTTP request")
    /// The target is not a path.
    package static let badTarget = HTTPRefusal(400, "the request target must be a path")
    /// An HTTP/1.1 request has no `Host` header (RFC 9112, section 3.2).
    package static let noHost = HTTPRefusal(400, "the Host header is missing")
    /// The `Content-Length` is not a number.
    package static let badContentLength = HTTPRefusal(400, "the Content-Length header is malformed")
    /// The body has a transfer encoding other than `chunked`.
    package static let badTransferEncoding = HTTPRefusal(400, "the only supported Transfer-Encoding is \"chunked\"")
    /// The length of the body is given in two ways, which proxies and servers could read differently.
    package static let twoLengths = HTTPRefusal(400, "Content-Length and Transfer-Encoding must not both be sent")
    /// No dialect has the path.
    package static let notFound = HTTPRefusal(404, "")
    /// The body is larger than the listener or the caller's credentials allow.
    package static let bodyTooLarge = HTTPRefusal(413, "the request body is larger than max_request_size allows")
    /// The target is longer than ``RequestLimits/targetBytesMax``.
    package static let targetTooLong = HTTPRefusal(414, "the request target is too long")
    /// The body is compressed.
    package static let contentEncoding = HTTPRefusal(
        415, "compressed request bodies are not accepted; send them without Content-Encoding")
    /// The client expects something other than `100-continue`.
    package static let expectation = HTTPRefusal(417, "the only supported expectation is \"100-continue\"")
    /// The headers exceed ``RequestLimits/headerCountMax`` or ``RequestLimits/headerBytesMax``.
    package static let headersTooLarge = HTTPRefusal(431, "the request headers are too many or too long")
    /// The head or the body did not arrive within its time limit.
    package static let slow = HTTPRefusal(408, "the request did not arrive in time")
    /// The capacity of the process is exhausted.
    package static let busy = HTTPRefusal(503, "the server has reached its limit of concurrent requests; try again shortly")
    /// The memory for large bodies is in use.
    package static let largeBodiesFull: HTTPRefusal = {
        var refusal = HTTPRefusal(503, "the server has reached its limit of large request bodies; try again shortly")
        refusal.retryAfter = 1
        return refusal
    }()
    /// The answer was not complete within ``ShellTimeouts/requestMilliseconds``.
    package static let tookTooLong = HTTPRefusal(
        503, "the request took longer than max_request_duration; it may still have taken effect")

    /// A header that may occur once was sent twice.
    package static func repeated(_ header: StaticString) -> HTTPRefusal { .init(400, "the \(header) header was sent twice") }
}
