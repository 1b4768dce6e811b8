import NIOCore

/// Answers clients that send plain HTTP to a listener with TLS, instead of closing the connection without a reason.
///
/// The handler comes before TLS, inspects the first byte of a connection and then removes itself.
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
        // Input after the answer is discarded. Leaving it unread would reset the connection and could lose the answer.
        guard !isAnswered else { return }
        let bytes = unwrapInboundIn(data)
        guard let first = bytes.readableBytesView.first else { return }
        // A TLS handshake begins with the byte 22 (RFC 8446, section 5.1), and a method with an upper-case letter.
        guard HTTP1Characters.isMethod(first) else {
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            return
        }
        isAnswered = true
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(staticString: Self.answer)), promise: nil)
        // If the client does not close the other direction, the time limit of the handshake closes it.
        context.close(mode: .output, promise: nil)
    }
}
