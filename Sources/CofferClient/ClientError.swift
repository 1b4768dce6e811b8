/// Why a call failed. Compare by ``code``; the texts may change. No text holds a token or a request's body.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case invalidAddress, invalidConfiguration
        case connectionRefused, connectionFailed, tlsFailed, timedOut, cancelled
        case responseTooLarge, invalidResponse, redirectRefused
        /// The answer was wrapped, as ``ClientConfiguration/wrapTTL`` asks: the wrapping token is in ``ClientError/response``.
        case wrapped
        /// The server answered with a status of 400 or more: see ``ClientError/status`` and ``ClientError/errors``.
        case api
    }

    public var code: Code
    public var message: String
    public var method: ClientMethod?
    public var url: String?
    /// The HTTP status, of an ``Code/api`` error only.
    public var status: Int?
    /// What the server said, of an ``Code/api`` error only.
    public var errors: [String]
    /// The whole answer of an ``Code/api`` or ``Code/wrapped`` error: a 404 may carry data (a deleted version's metadata).
    public var response: ClientResponse? { box?.response }
    private var box: Box?

    public init(_ code: Code, _ message: String, method: ClientMethod? = nil, url: String? = nil) {
        self.code = code
        self.message = message
        self.method = method
        self.url = url
        errors = []
    }

    init(wrapped response: ClientResponse) {
        self.init(
            .wrapped, "the answer is wrapped: what it holds is read with its wrapping token", method: response.method,
            url: response.url)
        box = Box(response)
    }

    init(api response: ClientResponse) {
        self.init(.api, "the server answered \(response.status)", method: response.method, url: response.url)
        status = response.status
        errors = response.errors
        box = Box(response)
    }

    public var description: String {
        let place = url.map { "\(method?.rawValue ?? "GET") \($0): " } ?? ""
        return place + message + (errors.isEmpty ? "" : ": " + errors.joined(separator: "; "))
    }

    /// Keeps the error small to pass around.
    private final class Box: Sendable {
        let response: ClientResponse
        init(_ response: ClientResponse) { self.response = response }
    }
}
