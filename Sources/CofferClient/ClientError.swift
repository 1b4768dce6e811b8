internal import Syntax

/// The reason that a call failed.
///
/// Compare errors by ``code``; the texts may change between versions. No text contains a token or the body of a request.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// The kind of a failure. The raw values are stable.
    public enum Code: String, Sendable {
        /// The server's address cannot be used: see ``ServerAddress`` for the accepted forms.
        case invalidAddress
        /// A setting of ``ClientConfiguration`` cannot be used, or a file that it names cannot be read.
        case invalidConfiguration
        /// No server accepts connections at the address, or the socket does not exist.
        case connectionRefused
        /// The connection could not be made or was closed before the answer was complete.
        case connectionFailed
        /// The TLS handshake failed, for example because the server's certificate is not trusted.
        case tlsFailed
        /// The server did not answer within ``ClientConfiguration/timeout``.
        case timedOut
        /// The task that made the call was canceled.
        case canceled
        /// The answer is larger than ``ClientConfiguration/responseBytesMax``.
        case responseTooLarge
        /// The answer does not have the form that the call needs.
        case invalidResponse
        /// The server redirected to another scheme, host or port, or more than three times.
        case redirectRefused
        /// The answer was wrapped, as ``ClientConfiguration/wrapTTL`` asks.
        ///
        /// The wrapping token is in ``ClientError/response``, under ``Secret/wrapInfo``.
        case wrapped
        /// The server answered with a status of 400 or more: see ``ClientError/status`` and ``ClientError/errors``.
        case api
    }

    /// The kind of the failure.
    public var code: Code
    /// A description of the failure for people, without the request and the server's own texts.
    public var message: String
    /// The method of the request that failed, or nil if no request was made.
    public var method: ClientMethod?
    /// The URL of the request that failed without its query, which may have credentials; nil if no request was made.
    public var url: String?
    /// The HTTP status of the answer. Set only for ``Code/api``.
    public var status: Int?
    /// The texts in the `errors` member of the answer. Set only for ``Code/api``, and empty if the server gave no reason.
    public var errors: [String]
    /// The whole answer. Set only for ``Code/api`` and ``Code/wrapped``.
    ///
    /// An answer with the status 404 may carry data, such as the metadata of a deleted version.
    public var response: ClientResponse? { box?.response }
    private var box: Box?

    /// Creates an error, for example in an implementation of ``ClientTransport``.
    ///
    /// - Parameters:
    ///   - code: The kind of the failure.
    ///   - message: A description for people. It must not contain a token or the content of a request.
    ///   - method: The method of the request, if one was made.
    ///   - url: The URL of the request, if one was made. Its query is left out.
    public init(_ code: Code, _ message: String, method: ClientMethod? = nil, url: String? = nil) {
        self.code = code
        self.message = message
        self.method = method
        self.url = url.map { $0.cutUTF8(at: "?").map { String($0.before) } ?? $0 }
        errors = []
    }

    init(wrapped response: ClientResponse) {
        self.init(
            .wrapped, "the answer is wrapped; unwrap it with its wrapping token to read it", method: response.method,
            url: response.url)
        box = Box(response)
    }

    init(api response: ClientResponse) {
        self.init(.api, "the server answered \(response.status)", method: response.method, url: response.url)
        status = response.status
        errors = response.errors
        box = Box(response)
    }

    /// The request, the message and the server's texts in one line, such as
    /// `GET http://127.0.0.1:8200/v1/secret/x: the server answered 403: permission denied`.
    public var description: String {
        let request = url.map { "\(method?.rawValue ?? "GET") \($0): " } ?? ""
        return request + message + (errors.isEmpty ? "" : ": " + errors.joined(separator: "; "))
    }

    /// A reference to the answer, so that copying an error stays cheap.
    private final class Box: Sendable {
        let response: ClientResponse
        init(_ response: ClientResponse) { self.response = response }
    }
}
