public import Syntax

/// A client of one Coffer (or Vault) server, speaking the Vault API under `/v1`.
///
/// A value: copies share the connection pool. ``shutdown()`` closes it; a pool that nobody holds closes by itself.
public struct CofferClient: Sendable {
    public var configuration: ClientConfiguration
    public let address: ServerAddress
    let transport: any ClientTransport

    /// Reads the certificate and key files that the configuration names; connects to nothing yet.
    public init(configuration: ClientConfiguration) throws(ClientError) {
        let address = try ServerAddress(configuration.address)
        try self.init(configuration: configuration, transport: HTTPTransport(configuration: configuration, address: address))
    }

    /// A client over another way of carrying requests, such as a recording in a test.
    public init(configuration: ClientConfiguration, transport: any ClientTransport) throws(ClientError) {
        self.address = try ServerAddress(configuration.address)
        try configuration.validate()
        self.configuration = configuration
        self.transport = transport
    }

    public func shutdown() async {
        await transport.shutdown()
    }

    /// One request whatever its outcome: an answer of any status is returned, not thrown.
    ///
    /// - Parameters:
    ///   - path: below `/v1`, not yet percent-encoded, such as `secret/data/app one`.
    ///   - headers: sent besides the configuration's own; the same name replaces it.
    public func send(
        _ method: ClientMethod, _ path: String, query: [QueryItem] = [], body: JSON? = nil, headers: [HeaderItem] = []
    ) async throws(ClientError) -> ClientResponse {
        var query = query
        if method == .list { query.append(QueryItem("list", "true")) }
        var request = ClientRequest(
            method: method == .list ? .get : method,
            url: address.url(path: path, query: query),
            headers: configuration.requestHeaders(replacedBy: headers),
            body: body?.encoded())
        if body != nil, !request.hasHeader("content-type") {
            request.headers.append(HeaderItem("Content-Type", "application/json"))
        }
        return try await sendRetrying(request, path: path)
    }

    /// One request that must succeed: a status of 400 or more is thrown as ``ClientError/Code/api``.
    @discardableResult
    public func request(
        _ method: ClientMethod, _ path: String, query: [QueryItem] = [], body: JSON? = nil, headers: [HeaderItem] = []
    ) async throws(ClientError) -> ClientResponse {
        try await send(method, path, query: query, body: body, headers: headers).checked()
    }

    private func sendRetrying(_ request: ClientRequest, path: String) async throws(ClientError) -> ClientResponse {
        var attempt = 0
        while true {
            let response = try await follow(request)
            let mayRepeat = request.method == .get && !path.utf8.reversed().starts(with: "sys/health".utf8.reversed())
            guard mayRepeat, response.isTransientFailure, attempt < configuration.retriesMax else { return response }
            let wait = configuration.retryWait * (1 << min(attempt, 6))
            do { try await Task.sleep(for: wait) } catch { throw ClientError(.cancelled, "the request was cancelled") }
            attempt += 1
        }
    }

    /// Follows redirects within the same origin only: a token must not travel to a host that the caller did not name.
    private func follow(_ request: ClientRequest) async throws(ClientError) -> ClientResponse {
        var request = request
        for _ in 0...Self.redirectsMax {
            let raw = try await transport.execute(request)
            guard configuration.followsRedirects, let location = raw.redirectTarget else {
                return ClientResponse(raw, method: request.method, url: request.url)
            }
            guard let target = address.sameOrigin(location) else {
                throw ClientError(
                    .redirectRefused,
                    "the server redirects to another address, \(ServerAddress.origin(of: location)); set COFFER_ADDR to it to go there",
                    method: request.method, url: request.url)
            }
            request.url = target
        }
        throw ClientError(.redirectRefused, "too many redirects", method: request.method, url: request.url)
    }

    private static let redirectsMax = 3
}
