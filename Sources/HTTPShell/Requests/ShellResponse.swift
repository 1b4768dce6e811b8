/// A whole answer. The shell adds the headers that every reply has.
package struct ShellResponse: Sendable {
    package var status: Int
    /// Beyond the usual ones; lower-case names, values without control characters.
    package var headers: [(name: String, value: String)]
    package var contentType: String
    /// Sent with its length and content type, unless the status is 204.
    package var body: [UInt8]

    package init(
        status: Int, headers: [(name: String, value: String)] = [], contentType: String = "application/json", body: [UInt8] = []
    ) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        self.body = body
    }
}
