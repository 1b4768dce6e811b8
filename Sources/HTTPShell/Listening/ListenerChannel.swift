import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// The setup of new connections: TLS if it is enabled, then HTTP/2 with Hummingbird's channel or HTTP/1 with ``HTTP1Handler``.
struct ListenerChannel: ServerChildChannel {
    /// A connection that has been set up.
    struct Value: ServerChildChannelValue {
        /// The protocol of a connection.
        enum Kind: Sendable {
            /// HTTP/1, which its handler serves alone.
            case http1
            /// HTTP/2, whose streams Hummingbird's channel serves.
            case http2(HTTP2Channel.Value)
        }

        let channel: any Channel
        /// The protocol that TLS negotiates, or nil for HTTP/1 without TLS.
        let negotiated: EventLoopFuture<Kind>?
    }

    let shell: Shell
    let settings: ListenerSettings
    let tls: TLSIdentity?
    private let http2: HTTP2Channel

    init(shell: Shell, settings: ListenerSettings, tls: TLSIdentity?) {
        self.shell = shell
        self.settings = settings
        self.tls = tls
        let responder = HTTP2Responder(shell: shell, settings: settings)
        let idle = Duration.milliseconds(settings.timeouts.idleMilliseconds)
        http2 = HTTP2Channel(
            responder: { request, writer, channel in try await responder.respond(request, writer, channel: channel) },
            configuration: HTTP2ChannelConfiguration(
                idleTimeout: idle, gracefulCloseTimeout: .milliseconds(settings.timeouts.shutdownMilliseconds)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        guard let tls else {
            return channel.eventLoop.makeCompletedFuture {
                try addHTTP1(channel)
                return Value(channel: channel, negotiated: nil)
            }
        }
        return channel.eventLoop.makeCompletedFuture {
            let handler = NIOTypedApplicationProtocolNegotiationHandler<Value.Kind> { result in
                negotiated(result, on: channel, logger: logger)
            }
            try channel.pipeline.syncOperations.addHandler(PlainTextDetector())
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context))
            try channel.pipeline.syncOperations.addHandler(handler)
            let kind = handler.protocolNegotiationResult
            let limit = TimeAmount.milliseconds(Int64(settings.timeouts.headerMilliseconds))
            let timer = channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
            kind.whenComplete { _ in timer.cancel() }
            return Value(channel: channel, negotiated: kind)
        }
    }

    /// Adds the handlers of the protocol that TLS negotiated.
    private func negotiated(
        _ result: ALPNResult, on channel: any Channel, logger: Logger
    ) -> EventLoopFuture<Value.Kind> {
        // A client that closes its direction of TLS is treated as gone, although TLS 1.3 would allow it to wait for the answer.
        try? channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
        return switch result {
        case .negotiated("h2"): http2.setup(channel: channel, logger: logger).map { .http2($0) }
        default:
            channel.eventLoop.makeCompletedFuture {
                try addHTTP1(channel)
                return .http1
            }
        }
    }

    private func addHTTP1(_ channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandler(HTTP1Handler(shell: shell, settings: settings))
    }

    /// Returns when the connection is closed. Cancellation, at the end of the shutdown period, closes it.
    func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            if let negotiated = value.negotiated, case .http2(let connection)? = try? await negotiated.get() {
                await http2.handle(value: connection, logger: logger)
            } else {
                try? await value.channel.closeFuture.get()
            }
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }
}
