internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A transport over HTTP/1.1 or HTTP/2 with a pool of connections.
final class HTTPTransport: ClientTransport {
    private let client: HTTPClient
    private let timeout: TimeAmount
    private let responseBytesMax: Int
    /// The `Host` header to send in place of the URL's host, or nil to send the URL's host.
    ///
    /// Set when the URL's host has been replaced by the TLS server name, and for a Unix socket, whose URL has no host.
    private let host: String?
    /// The beginning of URLs that is replaced so that the TLS server name is their host.
    private let renaming: (from: String, to: String)?

    init(configuration: ClientConfiguration, address: ServerAddress) throws(ClientError) {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout.connect = .seconds(min(10, configuration.timeout.components.seconds + 1))
        // A refused connection is reported at once: someone at a terminal is waiting.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.proxy = configuration.proxy?.setting
        if address.scheme == .https { settings.tlsConfiguration = try configuration.tls.resolved() }
        if address.scheme == .https, let name = configuration.tls.serverName, name != address.host {
            settings.dnsOverride = [name: address.host]
            let port = address.authority.hasSuffix("]") ? "" : address.authority.split(separator: ":").last.map { ":" + $0 } ?? ""
            let hasPort = address.authority != address.host && !address.authority.hasSuffix("]")
            renaming = ("https://" + address.authority, "https://" + name + (hasPort ? port : ""))
            host = address.authority
        } else {
            renaming = nil
            host = address.scheme == .unix ? "localhost" : nil
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        timeout = .nanoseconds(Int64(min(configuration.timeout / .nanoseconds(1), 9e18)))
        responseBytesMax = configuration.responseBytesMax
    }

    deinit {
        // AsyncHTTPClient traps when a client is released without a shutdown. A second shutdown does nothing.
        client.shutdown { _ in }
    }

    func shutdown() async {
        // Fails only if the client was shut down before.
        try? await client.shutdown()
    }

    func execute(_ request: ClientRequest) async throws(ClientError) -> TransportResponse {
        var outgoing = HTTPClientRequest(url: renamed(request.url))
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for item in request.headers { outgoing.headers.add(name: item.name, value: item.value) }
        if let host { outgoing.headers.replaceOrAdd(name: "Host", value: host) }
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let response = try await client.execute(outgoing, timeout: timeout)
            let body = try await response.body.collect(upTo: responseBytesMax)
            return TransportResponse(
                status: Int(response.status.code),
                headers: response.headers.map { HeaderItem($0.name, $0.value) },
                body: Array(body.readableBytesView))
        } catch {
            throw ClientError(carrying: error, method: request.method, url: request.url)
        }
    }

    private func renamed(_ url: String) -> String {
        guard let renaming, url.utf8.starts(with: renaming.from.utf8) else { return url }
        return renaming.to + String(Substring(url.utf8.dropFirst(renaming.from.utf8.count)))
    }
}
