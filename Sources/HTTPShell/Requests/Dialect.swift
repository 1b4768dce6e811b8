package import EngineKit
package import NIOHTTP1

/// One protocol spoken below one path prefix: it turns requests into the core's and answers into its own JSON.
package protocol Dialect: Sendable {
    /// Its paths begin so, such as `/v1/`.
    var prefix: String { get }

    func respond(to request: ShellRequest) async -> ShellResponse

    /// The dialect's shape of an error that the shell found before the dialect saw the request. The id is the one of the
    /// reply's `X-Request-Id`.
    func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse

    /// nil when the head shows credentials that are good, so that a body may be large. Asked before such a body is read, and
    /// decides about nothing else.
    func refusalOfLargeBody(_ headers: HTTPHeaders, from connection: Connection) async -> HTTPRefusal?

    /// A path that leads to no dialect, or a request that the shell refused: puts its refusal on record, and returns what to
    /// answer in its place where that cannot be done.
    func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse?
}

extension Dialect {
    package func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse { refusal.response }

    package func refusalOfLargeBody(_ headers: HTTPHeaders, from connection: Connection) async -> HTTPRefusal? { .bodyTooLarge }

    package func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? { nil }
}
