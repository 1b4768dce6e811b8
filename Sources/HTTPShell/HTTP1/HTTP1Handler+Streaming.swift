import EngineKit
import Glibc
import Logging
import NIOCore
import Syntax

/// An answer whose body is produced while it is sent.
///
/// The next piece is requested when the kernel has taken the one before, so that a slow client slows the producer down. The
/// connection is closed if a piece takes longer to produce than an answer may, if it takes longer to send than a client may
/// take, or if the body cannot be completed. The client notices by the missing last chunk or by the length.
struct HTTP1Stream: Sendable {
    let handler: NIOLoopBound<HTTP1Handler>
    let loop: any EventLoop
    /// The number of the exchange that the answer belongs to.
    let number: Int
    let admission: Admission

    private static var busy: ShellResponse { HTTPRefusal.busy.response }

    /// Sends the answer, unless the client has left. Returns when the stream has ended.
    func send(_ content: StreamedContent, of response: ShellResponse) async {
        let isChunked = content.length == nil
        do {
            guard admission.beginStream() else { return loop.execute { handler.value.answered(Self.busy, number: number) } }
            defer { admission.endStream() }
            let begins = loop.submit { handler.value.beginStream(response, number: number) }
            guard try await begins.get() else { return }
            var pieces = content.pieces()
            while let piece = try await pieces.next() {
                try await loop.flatSubmit { handler.value.send(piece, isChunked: isChunked, on: loop) }.get()
            }
            try await loop.submit { handler.value.endStream(isChunked: isChunked) }.get()
        } catch {
            // Whatever the error is, the client receives an incomplete body.
            loop.execute { handler.value.cutStream(error) }
        }
    }
}

extension HTTP1Handler {
    /// Sends the head. Returns whether a body is to follow.
    fileprivate func beginStream(_ response: ShellResponse, number: Int) -> Bool {
        guard let context, number == exchangeNumber, case .responding(var exchange) = phase else { return false }
        exchangeNumber += 1
        let endsWithConnection = exchange.isHTTP10 && response.stream?.length == nil
        exchange.keepAlive = mayKeepAlive(exchange) && !endsWithConnection
        let head = encode(
            response, id: exchange.id, keepAlive: exchange.keepAlive, omitsBody: true, isHTTP10: exchange.isHTTP10, context)
        let hasBody = !exchange.isHead && !response.isWithoutBody
        if hasBody {
            phase = .streaming(exchange)
            expect(within: settings.timeouts.requestMilliseconds)
            context.writeAndFlush(wrapOutboundOut(head), promise: nil)
        } else {
            phase = .idle
            expect(within: settings.timeouts.idleMilliseconds)
            write(head, context)
            if exchange.keepAlive { parse(context) } else { linger(context) }
        }
        return hasBody
    }

    /// Sends a piece. The future succeeds when the kernel has taken it.
    fileprivate func send(_ piece: [UInt8], isChunked: Bool, on loop: any EventLoop) -> EventLoopFuture<Void> {
        guard let context, case .streaming(let exchange) = phase else { return loop.makeFailedFuture(ClientLeft()) }
        var output = context.channel.allocator.buffer(capacity: piece.count + 24)
        let isFramed = isChunked && !exchange.isHTTP10
        if isFramed {
            output.writeString(String(piece.count, radix: 16))  // text: a number, without leading zeros
            output.writeStaticString("\r\n")
        }
        output.writeBytes(piece)
        if isFramed { output.writeStaticString("\r\n") }
        expect(within: settings.timeouts.writeMilliseconds)
        let promise = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(output), promise: promise)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        return promise.futureResult.map { bound.value.expect(within: bound.value.settings.timeouts.requestMilliseconds) }
    }

    fileprivate func endStream(isChunked: Bool) {
        guard let context, case .streaming(let exchange) = phase else { return }
        phase = .idle
        expect(within: settings.timeouts.idleMilliseconds)
        if isChunked, !exchange.isHTTP10 { context.write(wrapOutboundOut(ByteBuffer(staticString: "0\r\n\r\n")), promise: nil) }
        context.flush()
        if exchange.keepAlive { parse(context) } else { linger(context) }
    }

    fileprivate func cutStream(_ error: any Error) {
        guard let context, case .streaming(let exchange) = phase else { return }
        shell.tellOfBrokenStream(error, requestID: exchange.id)
        breakOff(context)
    }

    /// Closes the connection with a reset. After an ordinary close, a client of HTTP/1.0 would take a body without a length
    /// for complete.
    func breakOff(_ context: ChannelHandlerContext) {
        guard let channel = context.channel as? any SocketOptionProvider else {
            return context.close(promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        channel.setSoLinger(resetsOnClose).whenComplete { _ in bound.value.close(promise: nil) }
    }
}

/// Makes closing a connection send a reset and discard what was not sent yet.
private let resetsOnClose = linger(l_onoff: 1, l_linger: 0)

/// The client has left, so the producer can stop.
struct ClientLeft: Error {}

extension Shell {
    /// Logs the kind of error that kept a body from being completed.
    func tellOfBrokenStream(_ error: any Error, requestID: String) {
        guard !(error is ClientLeft), !(error is CancellationError), !(error is ChannelError) else { return }
        logger.error(
            "an answer broke off, because the rest of its body could not be made",
            metadata: ["request_id": "\(requestID)", "kind": "\(type(of: error))"])
    }
}
