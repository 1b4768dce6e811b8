package import EngineKit

/// A whole answer. The shell adds the headers that every reply has.
package struct ShellResponse: Sendable {
    package var status: Int
    /// Headers beyond the usual ones; lower-case names, values without control characters.
    package var headers: [(name: String, value: String)]
    package var contentType: String
    /// Sent with its length and content type, unless the status is 204 or the body is streamed.
    package var body: [UInt8]
    /// The body, where it is made while it is sent; `body` is empty then.
    package let stream: StreamedContent?

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

    package init(status: Int, headers: [(name: String, value: String)] = [], stream: StreamedContent) {
        self.status = status
        self.headers = headers
        contentType = stream.contentType
        body = []
        self.stream = stream
    }
}
