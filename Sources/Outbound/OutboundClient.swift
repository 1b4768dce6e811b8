import EngineKit
package import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL

/// An ``Outbound`` that opens a new connection for each request, to an address that was resolved once and checked against the
/// address policy.
///
/// Connections are not reused. On a fresh connection it is known whether the request was sent, whereas a server may close a
/// reused one at any time, and a token that can be used only once must not be lost that way.
package struct OutboundClient: Outbound {
    /// The limits of the client.
    package struct Settings: Sendable {
        /// Which addresses may be called.
        package var policy = AddressPolicy()
        /// The time for a whole request, including the lookup of the host name.
        package var timeoutMilliseconds: Int64 = 10_000
        /// The largest response body.
        package var answerBytesMax = 64 << 10
        /// The certificate authorities that servers' certificates must be issued by.
        package var trustRoots: NIOSSLTrustRoots = .default

        /// Creates the default settings.
        package init() {}
    }

    private let group: any EventLoopGroup
    private let resolver: any HostResolver
    private let settings: Settings
    private let tls: TLSContexts
    private let underWay = CallsUnderWay()
    private static let attemptsMax = 3
    /// The bounds of the bounds that a target may set.
    private static let targetTimeoutMillisecondsMax: Int64 = 60_000
    private static let targetAnswerBytesMax = 16 << 20

    /// Creates a client that runs on the event loops of `group`.
    package init(group: any EventLoopGroup, resolver: any HostResolver, settings: Settings = Settings()) {
        self.group = group
        self.resolver = resolver
        self.settings = settings
        tls = TLSContexts(trusting: settings.trustRoots)
    }

    /// Whether a target may be called, as far as its URL tells. Addresses of names are checked when it is called.
    package func mayCall(_ target: OutboundTarget) -> Bool {
        guard let url = OutboundURL(target.url) else { return false }
        return !url.isAddress || settings.policy.allows(url.host, for: target.source)
    }

    /// Checks the request's URL, host and address, and sends it to the first of up to three addresses that accepts a
    /// connection.
    package func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
        guard let url = OutboundURL(request.url) else { throw .refused(.malformedURL) }
        guard let target = request.target else {
            guard url.scheme == .https || settings.policy.allowsPrivate else { throw .refused(.notHTTPS) }
            guard request.allowedHosts.contains(where: { $0.lowercased() == url.host }) else { throw .refused(.hostNotAllowed) }
            return try await send(request, to: url)
        }
        guard target.covers(url) else { throw .refused(.hostNotAllowed) }
        guard underWay.begin(url.host) else { throw .notSent(.tooMany) }
        defer { underWay.end(url.host) }
        return try await send(request, to: url)
    }

    private func send(_ request: OutboundRequest, to url: OutboundURL) async throws(OutboundError) -> OutboundReply {
        let terms = Terms(of: request.target, settings)
        let head = try head(request, url)
        let deadline = NIODeadline.now() + .milliseconds(terms.timeoutMilliseconds)
        let addresses = try await addresses(of: url, for: request.target, before: deadline)
        var failure = OutboundError.notSent(.unreachable)
        for address in addresses.prefix(Self.attemptsMax) {
            do throws(OutboundError) {
                var reply = try await exchange(head, request.body, with: url, at: address, on: terms, before: deadline)
                reply.isFromPrivateAddress = !AddressPolicy.isPublic(address)
                return reply
            } catch .notSent(let fault) where fault == .unreachable {
                failure = .notSent(fault)
            } catch {
                throw error
            }
        }
        throw failure
    }

    /// The trust and the bounds of one request.
    private struct Terms {
        var trust = OutboundTrust.system
        var timeoutMilliseconds: Int64
        var answerBytesMax: Int

        init(of target: OutboundTarget?, _ settings: Settings) {
            timeoutMilliseconds = settings.timeoutMilliseconds
            answerBytesMax = settings.answerBytesMax
            guard let target else { return }
            trust = target.trust
            timeoutMilliseconds = min(max(target.timeoutMilliseconds, 1), OutboundClient.targetTimeoutMillisecondsMax)
            answerBytesMax = min(max(target.answerBytesMax, 0), OutboundClient.targetAnswerBytesMax)
        }
    }

    /// Returns the request's head. Refuses malformed and repeated headers, and those that the client sets itself.
    private func head(_ request: OutboundRequest, _ url: OutboundURL) throws(OutboundError) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        headers.add(name: "host", value: url.hostHeader)
        headers.add(name: "connection", value: "close")
        headers.add(name: "content-length", value: String(request.body.count))
        var names: Set = ["host", "connection", "content-length", "transfer-encoding"]
        for (name, value) in request.headers {
            let isToken =
                !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains($0) }
            guard isToken, names.insert(name.lowercased()).inserted, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw .refused(.badHeader)
            }
            headers.add(name: name, value: value)
        }
        if !names.contains("user-agent") { headers.add(name: "user-agent", value: "coffer") }
        if !names.contains("accept") { headers.add(name: "accept", value: "application/json") }
        return HTTPRequestHead(
            version: .http1_1, method: .init(rawValue: request.method.rawValue), uri: url.target, headers: headers)
    }

    // MARK: Resolving

    /// Returns the addresses of the host, all of them allowed. If one address is not allowed the request is refused, since a
    /// name that has both kinds is not to be trusted.
    private func addresses(
        of url: OutboundURL, for target: OutboundTarget?, before deadline: NIODeadline
    ) async throws(OutboundError) -> [String] {
        let found = url.isAddress ? [url.host] : await look(up: url.host, before: deadline)
        guard let found, !found.isEmpty else { throw .notSent(.unresolved) }
        guard let target else {
            guard found.allSatisfy(settings.policy.allows) else { throw .refused(.forbiddenAddress) }
            return found
        }
        guard found.allSatisfy({ settings.policy.allows($0, for: target.source) }) else { throw .refused(.forbiddenAddress) }
        // Within a private network, the operator decides whether the wire can be trusted.
        guard url.scheme == .https || target.isSigned || !found.contains(where: AddressPolicy.isPublic) else {
            throw .refused(.notHTTPS)
        }
        return found
    }

    /// Returns the addresses of the host, or nil at the deadline. The lookup cannot be cancelled, and its late result is
    /// ignored.
    private func look(up host: String, before deadline: NIODeadline) async -> [String]? {
        let answer = OneShot<[String]?>()
        let resolver = resolver
        Task.detached { answer.fulfill(await resolver.addresses(of: host)) }
        let timer = group.any().scheduleTask(deadline: deadline) { answer.fulfill(nil) }
        defer { timer.cancel() }
        return await answer.value
    }

    // MARK: The exchange

    /// Opens a connection to the address, with TLS for https, and sends one request.
    private func exchange(
        _ head: HTTPRequestHead, _ body: [UInt8], with url: OutboundURL, at address: String, on terms: Terms,
        before deadline: NIODeadline
    ) async throws(OutboundError) -> OutboundReply {
        let context = url.scheme == .https ? try tls.context(for: terms.trust) : nil
        guard let socket = try? SocketAddress(ipAddress: address, port: url.port) else { throw .notSent(.unreachable) }
        let loop = group.any()
        let answer = OneShot<Result<OutboundReply, OutboundError>>()
        let bytesMax = terms.answerBytesMax
        let named = url.isAddress ? nil : url.host
        let name = terms.trust.serverName.isEmpty ? named : terms.trust.serverName
        let connecting = ClientBootstrap(group: loop)
            .connectTimeout(max(deadline - .now(), .milliseconds(1)))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try pipeline.addHandler(ByteBudget(bytesMax: bytesMax + (32 << 10)))
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(
                        OutboundExchange(
                            head: head, body: body, waitsForTLS: context != nil, hostName: name, bytesMax: bytesMax,
                            deadline: deadline, answer: answer))
                }
            }
            .connect(to: socket)
        connecting.whenFailure { _ in answer.fulfill(.failure(.notSent(deadline <= .now() ? .timedOut : .unreachable))) }
        return try await answer.value.get()
    }
}
