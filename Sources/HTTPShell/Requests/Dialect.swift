package import EngineKit
package import NIOHTTP1

/// An HTTP API below a path prefix. It translates requests for the core, and the core's answers into its own JSON.
package protocol Dialect: Sendable {
    /// The beginning of all its paths, such as `/v1/`.
    var prefix: String { get }

    /// Returns the answer to a request whose path begins with ``prefix``.
    func respond(to request: ShellRequest) async -> ShellResponse

    /// Returns a refusal of the shell in the dialect's form of errors.
    ///
    /// - Parameters:
    ///   - refusal: The reason why the shell refused the request before the dialect saw it.
    ///   - requestID: The identifier in the answer's `X-Request-Id`.
    func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse

    /// Returns the reason why a request may not have a large body, or nil if its head has valid credentials.
    ///
    /// Called before a large body is read. The request itself is authenticated again later.
    func refusalOfLargeBody(_ headers: HTTPHeaders, from connection: Connection) async -> HTTPRefusal?

    /// Records in the audit log that the shell refused a request or that no dialect has its path.
    ///
    /// - Returns: The answer to send instead of the refusal if it cannot be recorded, or nil.
    func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse?
}

extension Dialect {
    /// The answer in the form of the Vault API.
    package func answer(_ refusal: HTTPRefusal, requestID: String) -> ShellResponse { refusal.response }

    /// Refuses every large body.
    package func refusalOfLargeBody(_ headers: HTTPHeaders, from connection: Connection) async -> HTTPRefusal? { .bodyTooLarge }

    /// Records nothing.
    package func record(_ refusal: HTTPRefusal, of request: ShellRequest) async -> ShellResponse? { nil }
}
