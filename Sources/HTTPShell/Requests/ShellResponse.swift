/// A complete answer. The shell adds the headers that all answers have, such as `Date` and `X-Request-Id`.
package struct ShellResponse: Sendable {
    /// The HTTP status.
    package var status: Int
    /// Additional headers, with lower-case names and values without control characters. Others are not sent.
    package var headers: [(name: String, value: String)]
    /// The media type of the body.
    package var contentType: String
    /// The body. It is not sent if the status is 204 or 304.
    package var body: [UInt8]

    /// Creates an answer.
    package init(
        status: Int, headers: [(name: String, value: String)] = [], contentType: String = "application/json", body: [UInt8] = []
    ) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        self.body = body
    }
}
