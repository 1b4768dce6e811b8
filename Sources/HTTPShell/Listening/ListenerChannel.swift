import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// How a new connection is set up: TLS first where it is on, then HTTP/2 by Hummingbird or HTTP/1 by our own handler.
struct ListenerChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        enum Kind: Sendable {
            case http1
            case http2(HTTP2Channel.Value)
        }

        let channel: any Channel
        /// nil speaks HTTP/1 from the start.
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
            responder: { request, writer, channel in try await responder.respond(request, writer, channel) },
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
                negotiated(result, channel, logger)
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

    private func negotiated(
        _ result: ALPNResult, _ channel: any Channel, _ logger: Logger
    ) -> EventLoopFuture<Value.Kind> {
        // A client that ends its direction of TLS is taken to have left, although TLS 1.3 would let it wait for the answer.
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

    /// Lasts as long as the connection; when the server may wait no longer, it cuts the connection.
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
