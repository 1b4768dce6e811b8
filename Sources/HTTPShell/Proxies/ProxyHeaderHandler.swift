import NIOCore

/// Reads the header of the PROXY protocol at the beginning of a connection, has the handlers of the connection added, passes on what
/// follows the header, and removes itself. A connection without a proper header is closed without an answer.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: TimeAmount
    private let proceed: (ProxyHeader) throws -> Void
    private let giveUp: () -> Void
    private var received: [UInt8] = []
    private var isDone = false
    private var timer: Scheduled<Void>?

    /// Creates a handler.
    ///
    /// - Parameters:
    ///   - limit: The time within which the header must arrive.
    ///   - proceed: Adds the handlers that come after this one.
    ///   - giveUp: Called if the connection ends before that.
    init(within limit: TimeAmount, proceed: @escaping (ProxyHeader) throws -> Void, giveUp: @escaping () -> Void) {
        self.limit = limit
        self.proceed = proceed
        self.giveUp = giveUp
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        if !isDone { giveUp() }
        isDone = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What arrives after a malformed header, until the connection is closed, is dropped.
        guard !isDone else { return }
        received += unwrapInboundIn(data).readableBytesView
        switch ProxyHeader.read(received) {
        case .incomplete: return
        case .malformed: refuse(context)
        case .complete(let header, let count):
            isDone = true
            do { try proceed(header) } catch {
                context.close(promise: nil)
                return giveUp()
            }
            if received.count > count {
                context.fireChannelRead(wrapInboundOut(context.channel.allocator.buffer(bytes: received[count...])))
            }
            received = []
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func refuse(_ context: ChannelHandlerContext) {
        isDone = true
        received = []
        giveUp()
        context.close(promise: nil)
    }
}
