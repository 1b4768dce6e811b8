import EngineKit
package import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL
import Synchronization

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
    private let tls = TLSContext()
    private static let attemptsMax = 3

    /// Creates a client that runs on the event loops of `group`.
    package init(group: any EventLoopGroup, resolver: any HostResolver, settings: Settings = Settings()) {
        self.group = group
        self.resolver = resolver
        self.settings = settings
    }

    /// Checks the request's URL, host and address, and sends it to the first of up to three addresses that accepts a
    /// connection.
    package func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
        guard let url = OutboundURL(request.url) else { throw .refused(.malformedURL) }
        guard url.scheme == .https || settings.policy.allowsPrivate else { throw .refused(.notHTTPS) }
        guard request.allowedHosts.contains(where: { $0.lowercased() == url.host }) else { throw .refused(.hostNotAllowed) }
        let head = try head(request, url)
        let deadline = NIODeadline.now() + .milliseconds(settings.timeoutMilliseconds)
        let addresses = try await addresses(of: url, before: deadline)
        var failure = OutboundError.notSent(.unreachable)
        for address in addresses.prefix(Self.attemptsMax) {
            do throws(OutboundError) {
                return try await exchange(head, request.body, with: url, at: address, before: deadline)
            } catch .notSent(let fault) where fault == .unreachable {
                failure = .notSent(fault)
            } catch {
                throw error
            }
        }
        throw failure
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
    private func addresses(of url: OutboundURL, before deadline: NIODeadline) async throws(OutboundError) -> [String] {
        let found = url.isAddress ? [url.host] : await look(up: url.host, before: deadline)
        guard let found, !found.isEmpty else { throw .notSent(.unresolved) }
        guard found.allSatisfy(settings.policy.allows) else { throw .refused(.forbiddenAddress) }
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
        _ head: HTTPRequestHead, _ body: [UInt8], with url: OutboundURL, at address: String, before deadline: NIODeadline
    ) async throws(OutboundError) -> OutboundReply {
        let context = url.scheme == .https ? try tls.context(settings.trustRoots) : nil
        guard let socket = try? SocketAddress(ipAddress: address, port: url.port) else { throw .notSent(.unreachable) }
        let loop = group.any()
        let answer = OneShot<Result<OutboundReply, OutboundError>>()
        let bytesMax = settings.answerBytesMax
        let name = url.isAddress ? nil : url.host
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
                            head: head, body: body, waitsForTLS: context != nil, bytesMax: bytesMax, deadline: deadline,
                            answer: answer))
                }
            }
            .connect(to: socket)
        connecting.whenFailure { _ in answer.fulfill(.failure(.notSent(deadline <= .now() ? .timedOut : .unreachable))) }
        return try await answer.value.get()
    }
}

/// The TLS configuration, created at first use because reading the system's certificates takes long.
private final class TLSContext: Sendable {
    private let made = Mutex<NIOSSLContext?>(nil)

    /// Returns the configuration, created at the first call.
    func context(_ roots: NIOSSLTrustRoots) throws(OutboundError) -> NIOSSLContext {
        let context = made.withLock { made -> NIOSSLContext? in
            if let made { return made }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = roots
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            made = try? NIOSSLContext(configuration: configuration)
            return made
        }
        guard let context else { throw .notSent(.tlsFailed) }
        return context
    }
}

/// A value that is set once, by whichever task is first, and waited for once. Later values are ignored.
final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value, Never>)
        case full(Value)
        case done
    }

    private let state = Mutex(State.empty)

    /// Sets the value, unless there is one already.
    func fulfill(_ value: Value) {
        let waiting: CheckedContinuation<Value, Never>? = state.withLock { state in
            switch state {
            case .empty:
                state = .full(value)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .full, .done: return nil
            }
        }
        waiting?.resume(returning: value)
    }

    /// The value, as soon as it is set. May be read once.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let found: Value? = state.withLock { state in
                    if case .full(let value) = state {
                        state = .done
                        return value
                    }
                    state = .waiting(continuation)
                    return nil
                }
                if let found { continuation.resume(returning: found) }
            }
        }
    }
}
