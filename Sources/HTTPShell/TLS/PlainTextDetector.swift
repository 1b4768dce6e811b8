import NIOCore

/// Stands before TLS and looks at the first byte of a connection: a client that speaks plain HTTP there is told so. Its own
/// TLS library would only see the connection closed.
final class PlainTextDetector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let answer: StaticString = """
        HTTP/1.1 400 Bad Request\r
        content-type: text/plain; charset=utf-8\r
        content-length: 48\r
        connection: close\r
        \r
        Client sent an HTTP request to an HTTPS server.

        """

    private var isAnswered = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes after the answer is read and thrown away, so that the answer is not lost to a reset.
        guard !isAnswered else { return }
        let bytes = unwrapInboundIn(data)
        guard let first = bytes.readableBytesView.first else { return }
        // A handshake begins with 22; a method with a capital letter.
        guard HTTP1Characters.isMethod(first) else {
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            return
        }
        isAnswered = true
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(staticString: Self.answer)), promise: nil)
        // The time limit of the handshake closes the other direction, if the client does not.
        context.close(mode: .output, promise: nil)
    }
}
