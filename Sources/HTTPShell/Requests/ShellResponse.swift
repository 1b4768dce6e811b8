package import EngineKit

/// An answer. The shell adds the headers that all answers have, such as `Date` and `X-Request-Id`.
package struct ShellResponse: Sendable {
    /// The HTTP status.
    package var status: Int
    /// Additional headers, with lower-case names and values without control characters. Others are not sent.
    package var headers: [(name: String, value: String)]
    /// The media type of the body.
    package var contentType: String
    /// The body. It is not sent if the status is 204 or 304, nor if the body is streamed.
    package var body: [UInt8]
    /// The body of a streamed answer, or nil; `body` is empty then.
    package let stream: StreamedContent?

    /// Creates an answer.
    package init(
        status: Int, headers: [(name: String, value: String)] = [], contentType: String = "application/json", body: [UInt8] = []
    ) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        self.body = body
        stream = nil
    }

    /// Whether answers with the status have no body (RFC 9110).
    var isWithoutBody: Bool { status == 204 || status == 304 }

    /// Whether the answer has a `cache-control` header. Answers without one must not be kept.
    var saysHowToCache: Bool { headers.contains { $0.name == "cache-control" } }

    /// Creates a streamed answer.
    package init(status: Int, headers: [(name: String, value: String)] = [], stream: StreamedContent) {
        self.status = status
        self.headers = headers
        contentType = stream.contentType
        body = []
        self.stream = stream
    }
}
