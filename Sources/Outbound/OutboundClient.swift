import EngineKit
package import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL
import Synchronization

/// The client of ``Outbound``: every call has a connection of its own, to an address that was resolved once and checked.
///
/// Connections are not kept: on a fresh one it is known whether a request was sent, and a token that can be spent only
/// once must not be lost to a connection that the other side was just closing.
package struct OutboundClient: Outbound {
    package struct Settings: Sendable {
        package var policy = AddressPolicy()
        /// For the whole call, the look-up of the name included.
        package var timeoutMilliseconds: Int64 = 10_000
        package var answerBytesMax = 64 << 10
        package var trustRoots: NIOSSLTrustRoots = .default

        package init() {}
    }

    private let group: any EventLoopGroup
    private let resolver: any HostResolver
    private let settings: Settings
    private let tls = TLSContext()
    private static let attemptsMax = 3

    package init(group: any EventLoopGroup, resolver: any HostResolver, settings: Settings = Settings()) {
        self.group = group
        self.resolver = resolver
        self.settings = settings
    }

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
                return try await exchange(head, request.body, url, address, deadline)
            } catch .notSent(let fault) where fault == .unreachable {
                failure = .notSent(fault)
            } catch {
                throw error
            }
        }
        throw failure
    }

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

    /// Checked addresses. One that is forbidden condemns all of them: a name that leads to both is not to be trusted.
    private func addresses(of url: OutboundURL, before deadline: NIODeadline) async throws(OutboundError) -> [String] {
        let found = url.isAddress ? [url.host] : await look(up: url.host, before: deadline)
        guard let found, !found.isEmpty else { throw .notSent(.unresolved) }
        guard found.allSatisfy(settings.policy.allows) else { throw .refused(.forbiddenAddress) }
        return found
    }

    /// nil when it takes too long; the look-up itself cannot be called off and ends by itself.
    private func look(up host: String, before deadline: NIODeadline) async -> [String]? {
        let answer = OnceOnly<[String]?>()
        let resolver = resolver
        Task.detached { answer.give(await resolver.addresses(of: host)) }
        let timer = group.any().scheduleTask(deadline: deadline) { answer.give(nil) }
        defer { timer.cancel() }
        return await answer.value
    }

    // MARK: The exchange

    private func exchange(
        _ head: HTTPRequestHead, _ body: [UInt8], _ url: OutboundURL, _ address: String, _ deadline: NIODeadline
    ) async throws(OutboundError) -> OutboundReply {
        let context = url.scheme == .https ? try tls.context(settings.trustRoots) : nil
        guard let socket = try? SocketAddress(ipAddress: address, port: url.port) else { throw .notSent(.unreachable) }
        let loop = group.any()
        let answer = OnceOnly<Result<OutboundReply, OutboundError>>()
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
        connecting.whenFailure { _ in answer.give(.failure(.notSent(deadline <= .now() ? .timedOut : .unreachable))) }
        return try await answer.value.get()
    }
}

/// Made at first use: reading the system's certificates takes long.
private final class TLSContext: Sendable {
    private let made = Mutex<NIOSSLContext?>(nil)

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

/// A value that is given once and waited for once; whoever gives it later is not heard.
final class OnceOnly<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value, Never>)
        case full(Value)
        case done
    }

    private let state = Mutex(State.empty)

    func give(_ value: Value) {
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
