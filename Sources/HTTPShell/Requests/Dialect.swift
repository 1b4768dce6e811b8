/// One protocol spoken below one path prefix: it turns requests into the core's and answers into its own JSON.
package protocol Dialect: Sendable {
    /// Its paths begin so, such as `/v1/`.
    var prefix: String { get }

    func respond(to request: ShellRequest) async -> ShellResponse

    /// The dialect's shape of an error that the shell found before the dialect saw the request. The id is the one of the
    /// reply's `X-Request-Id`.
    func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse
}

extension Dialect {
    package func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse { refusal.response }
}
