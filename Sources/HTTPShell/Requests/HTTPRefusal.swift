import Syntax

/// Why a request went no further than the shell. Texts are fixed: they never hold anything that was sent.
package struct HTTPRefusal: Error, Sendable, Hashable {
    package var status: Int
    package var message: String
    /// Seconds, where waiting helps.
    package var retryAfter: Int?

    package init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    /// Whether it leaves an audit line: when the request was at fault, rather than a full server (503), a slow client (408) or
    /// a rate limit (429). Large bodies come from callers with a valid token, so theirs is recorded where there is no room.
    package var isRecorded: Bool {
        self == .largeBodiesFull || (400..<500).contains(status) && status != 408 && status != 429
    }

    package var headers: [(name: String, value: String)] { retryAfter.map { [("retry-after", String($0))] } ?? [] }

    /// `{"errors": ["..."]}`, or an empty list for a plain 404.
    package var response: ShellResponse {
        let errors: JSON = message.isEmpty ? .array([]) : .strings([message])
        return ShellResponse(status: status, headers: headers, body: JSON.object(["errors": errors]).encoded())
    }
}

extension HTTPRefusal {
    package static let malformed = HTTPRefusal(400, "malformed HTTP request")
    package static let badTarget = HTTPRefusal(400, "the request target must be a path")
    package static let noHost = HTTPRefusal(400, "the Host header is missing")
    package static let badContentLength = HTTPRefusal(400, "the Content-Length header is malformed")
    package static let badTransferEncoding = HTTPRefusal(400, "the only transfer encoding understood is \"chunked\"")
    package static let twoLengths = HTTPRefusal(400, "Content-Length and Transfer-Encoding exclude each other")
    package static let notFound = HTTPRefusal(404, "")
    package static let bodyTooLarge = HTTPRefusal(413, "the request body is larger than max_request_size allows")
    package static let targetTooLong = HTTPRefusal(414, "the request target is too long")
    package static let contentEncoding = HTTPRefusal(
        415, "compressed request bodies are not accepted; send them without Content-Encoding")
    package static let expectation = HTTPRefusal(417, "the only expectation understood is \"100-continue\"")
    package static let headersTooLarge = HTTPRefusal(431, "the request has too many headers or they are too long")
    package static let slow = HTTPRefusal(408, "the request did not arrive in time")
    package static let busy = HTTPRefusal(503, "the server handles as many requests as it may; retry shortly")
    package static let largeBodiesFull: HTTPRefusal = {
        var refusal = HTTPRefusal(503, "the server holds as many large request bodies as it may; retry shortly")
        refusal.retryAfter = 1
        return refusal
    }()
    package static let tookTooLong = HTTPRefusal(
        503, "the request took longer than max_request_duration; it may still have taken effect")

    package static func repeated(_ header: StaticString) -> HTTPRefusal { .init(400, "the \(header) header was sent twice") }
}
