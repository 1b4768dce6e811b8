public import Syntax

/// A client of a Coffer or Vault server that uses the Vault API under `/v1`.
///
/// A client is a value whose copies share one pool of connections. To use another token, copy the client and change
/// ``configuration``. Call ``shutdown()`` when the pool is no longer needed; it is also closed when the last copy is released.
public struct CofferClient: Sendable {
    /// The settings of the requests that this copy of the client sends.
    ///
    /// Changes to the token, the namespace, the headers, the wrapping, the redirects and the retries take effect with the next
    /// request. The address, the TLS settings, the proxy, the timeout and the size limit are fixed when the client is created.
    public var configuration: ClientConfiguration
    /// The address of the server.
    public let address: ServerAddress
    let transport: any ClientTransport

    /// Creates a client that connects over HTTP.
    ///
    /// The certificate and key files that the configuration names are read now. The first connection is made by the first request.
    ///
    /// - Parameter configuration: The address, the token and the other settings.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/invalidAddress`` or ``ClientError/Code/invalidConfiguration``.
    public init(configuration: ClientConfiguration) throws(ClientError) {
        let address = try ServerAddress(configuration.address)
        try self.init(configuration: configuration, transport: HTTPTransport(configuration: configuration, address: address))
    }

    /// Creates a client that sends its requests through the given transport, such as a recorder in a test.
    ///
    /// - Parameters:
    ///   - configuration: The address, the token and the other settings.
    ///   - transport: The transport that carries the requests.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/invalidAddress`` or ``ClientError/Code/invalidConfiguration``.
    public init(configuration: ClientConfiguration, transport: any ClientTransport) throws(ClientError) {
        self.address = try ServerAddress(configuration.address)
        try configuration.validate()
        self.configuration = configuration
        self.transport = transport
    }

    /// Closes the connections. Requests of this client and its copies fail afterwards.
    public func shutdown() async {
        await transport.shutdown()
    }

    /// Sends a request and returns the answer, whatever its status.
    ///
    /// A `GET` that is answered with 412 or 5xx is repeated up to ``ClientConfiguration/retriesMax`` times, unless the server is
    /// sealed or the path is `sys/health`.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path below `/v1`, not percent-encoded, such as `secret/data/app one`.
    ///   - query: The items of the query, not percent-encoded.
    ///   - body: The body, sent as `application/json` unless `headers` has a `Content-Type`; nil to send none.
    ///   - headers: Header fields to add to those of the configuration. Each replaces a field of the same name.
    /// - Returns: The answer.
    /// - Throws: ``ClientError`` if there is no complete answer, or if a redirect is refused.
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

    /// Sends a request that must succeed.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path below `/v1`, not percent-encoded, such as `secret/data/app one`.
    ///   - query: The items of the query, not percent-encoded.
    ///   - body: The body, sent as `application/json` unless `headers` has a `Content-Type`; nil to send none.
    ///   - headers: Header fields to add to those of the configuration. Each replaces a field of the same name.
    /// - Returns: The answer, whose status is below 400.
    /// - Throws: ``ClientError`` with the code ``ClientError/Code/api`` if the status is 400 or more; another code as for
    ///   ``send(_:_:query:body:headers:)``.
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
            do { try await Task.sleep(for: wait) } catch { throw ClientError(.canceled, "the request was canceled") }
            attempt += 1
        }
    }

    /// Sends a request and follows redirects within the same origin only, because a token must not be sent to a server that the
    /// caller did not name.
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
                    "the server redirects to another address, \(ServerAddress.origin(of: location)); to use that server, set COFFER_ADDR to it",
                    method: request.method, url: request.url)
            }
            request.url = target
        }
        throw ClientError(
            .redirectRefused, "the server redirects more than \(Self.redirectsMax) times", method: request.method, url: request.url)
    }

    private static let redirectsMax = 3
}
