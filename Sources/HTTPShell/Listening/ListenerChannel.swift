import Certificates
import EngineKit
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// The setup of new connections: the PROXY protocol and TLS if they are enabled, then HTTP/2 with Hummingbird's channel or HTTP/1 with
/// ``HTTP1Handler``.
struct ListenerChannel: ServerChildChannel {
    /// A connection that has been set up.
    struct Value: ServerChildChannelValue {
        /// The protocol of a connection.
        enum Kind: Sendable {
            /// HTTP/1, which its handler serves alone.
            case http1
            /// HTTP/2, whose streams Hummingbird's channel serves.
            case http2(HTTP2Channel, HTTP2Channel.Value)
        }

        let channel: any Channel
        /// The protocol that TLS negotiates, or nil for HTTP/1 without TLS.
        let negotiated: EventLoopFuture<Kind>?
    }

    let shell: Shell
    let settings: ListenerSettings
    let tls: TLSIdentity?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let peer = EngineKit.Connection(channel.remoteAddress)
            switch settings.proxyProtocol?.verdict(on: peer.remoteAddress) ?? .expectNone {
            case .expectNone: return Value(channel: channel, negotiated: try serve(channel, from: peer, logger: logger))
            case .expectHeader: return Value(channel: channel, negotiated: try awaitHeader(channel, from: peer, logger: logger))
            case .close:
                try channel.pipeline.syncOperations.addHandler(RefusingHandler())
                return Value(channel: channel, negotiated: nil)
            }
        }
    }

    /// Adds a handler that adds the others once it has read the header of the PROXY protocol. Returns what TLS negotiates then.
    private func awaitHeader(
        _ channel: any Channel, from peer: EngineKit.Connection, logger: Logger
    ) throws -> EventLoopFuture<Value.Kind> {
        let kind = channel.eventLoop.makePromise(of: Value.Kind.self)
        let handler = ProxyHeaderHandler(within: .milliseconds(Int64(settings.timeouts.headerMilliseconds))) { header in
            var client = peer
            if let address = header.address { (client.remoteAddress, client.remotePort) = (address, header.port) }
            guard let negotiated = try serve(channel, from: client, logger: logger) else { return kind.succeed(.http1) }
            negotiated.cascade(to: kind)
        } giveUp: {
            kind.fail(ChannelError.eof)
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        return kind.futureResult
    }

    /// Adds the handlers of a connection from a client. Returns the protocol that TLS negotiates, or nil without TLS.
    private func serve(
        _ channel: any Channel, from client: EngineKit.Connection, logger: Logger
    ) throws -> EventLoopFuture<Value.Kind>? {
        guard let tls else {
            try addHTTP1(channel, client)
            return nil
        }
        let presented = PresentedChain(known: tls.knownChains)
        let handler = NIOTypedApplicationProtocolNegotiationHandler<Value.Kind> { result in
            negotiated(result, on: channel, from: client, presented, logger: logger)
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(PlainTextDetector())
        try pipeline.addHandler(try presented.handler(tls.context, tls.settings.clientCertificates))
        try pipeline.addHandler(handler)
        let kind = handler.protocolNegotiationResult
        let limit = TimeAmount.milliseconds(Int64(settings.timeouts.headerMilliseconds))
        let timer = channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        kind.whenComplete { _ in timer.cancel() }
        return kind
    }

    /// Adds the handlers of the protocol that TLS negotiated.
    private func negotiated(
        _ result: ALPNResult, on channel: any Channel, from client: EngineKit.Connection, _ presented: PresentedChain,
        logger: Logger
    ) -> EventLoopFuture<Value.Kind> {
        // A client that closes its direction of TLS is treated as gone, although TLS 1.3 would allow it to wait for the answer.
        try? channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
        let client = identified(client, on: channel, presented)
        return switch result {
        case .negotiated("h2"):
            {
                let http2 = http2(for: client)
                return http2.setup(channel: channel, logger: logger).map { .http2(http2, $0) }
            }()
        default:
            channel.eventLoop.makeCompletedFuture {
                try addHTTP1(channel, client)
                return .http1
            }
        }
    }

    /// Adds what the client's certificate says, after the handshake. Names are taken only from a certificate that was verified.
    private func identified(
        _ client: EngineKit.Connection, on channel: any Channel, _ presented: PresentedChain
    ) -> EngineKit.Connection {
        let clients = settings.tls?.clientCertificates ?? .notAsked
        guard clients != .notAsked else { return client }
        var client = client
        let own = (try? channel.pipeline.syncOperations.nioSSL_peerCertificate()).flatMap(\.self)
        let chain = presented.chain(endingIn: own)
        client.setCertificate(chain, names: clients.areVerified ? chain.first.map(CertificateNames.names(inDER:)) ?? [] : [])
        return client
    }

    private func addHTTP1(_ channel: any Channel, _ client: EngineKit.Connection) throws {
        try channel.pipeline.syncOperations.addHandler(HTTP1Handler(shell: shell, settings: settings, connection: client))
    }

    private func http2(for client: EngineKit.Connection) -> HTTP2Channel {
        let responder = HTTP2Responder(shell: shell, settings: settings, connection: client)
        return HTTP2Channel(
            responder: { request, writer, channel in try await responder.respond(request, writer, channel: channel) },
            configuration: HTTP2ChannelConfiguration(
                idleTimeout: .milliseconds(settings.timeouts.idleMilliseconds),
                gracefulCloseTimeout: .milliseconds(settings.timeouts.shutdownMilliseconds)))
    }

    /// Returns when the connection is closed. Cancellation, at the end of the shutdown period, closes it.
    func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            if let negotiated = value.negotiated, case .http2(let http2, let connection)? = try? await negotiated.get() {
                await http2.handle(value: connection, logger: logger)
            } else {
                try? await value.channel.closeFuture.get()
            }
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }
}
