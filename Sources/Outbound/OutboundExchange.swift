import NIOCore
import NIOHTTP1
import NIOTLS
import Syntax

/// One request and its answer on a connection of their own.
final class OutboundExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let body: [UInt8]
    private let waitsForTLS: Bool
    private let bytesMax: Int
    private let deadline: NIODeadline
    private let answer: OnceOnly<Result<OutboundReply, OutboundError>>
    private var isSent = false
    private var isDone = false
    private var reply: OutboundReply?
    private var timer: Scheduled<Void>?

    init(
        head: HTTPRequestHead, body: [UInt8], waitsForTLS: Bool, bytesMax: Int, deadline: NIODeadline,
        answer: OnceOnly<Result<OutboundReply, OutboundError>>
    ) {
        self.head = head
        self.body = body
        self.waitsForTLS = waitsForTLS
        self.bytesMax = bytesMax
        self.deadline = deadline
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.finish(channel, self?.fault(.timedOut) ?? .notSent(.timedOut))
        }
        if !waitsForTLS { send(context) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { send(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func send(_ context: ChannelHandlerContext) {
        guard !isSent, !isDone else { return }
        isSent = true
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let type = head.headers.first(name: "content-type") ?? ""
            reply = OutboundReply(
                status: Int(head.status.code),
                contentType: String(type.prefixUTF8 { $0 != UInt8(ascii: ";") }.filter { $0 != " " }).lowercased(),
                retryAfter: head.headers.first(name: "retry-after").flatMap(Self.seconds))
        case .body(let part):
            let count = (reply?.body.count ?? 0) + part.readableBytes
            guard count <= bytesMax else { return finish(context.channel, fault(.tooLarge)) }
            reply?.body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let reply else { return finish(context.channel, fault(.malformed)) }
            finish(context.channel, nil, reply)
        }
    }

    /// The other form of the header, a date, is left alone.
    private static func seconds(_ text: String) -> Int? {
        guard (1...6).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIDigit }) else { return nil }
        return Int(text)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(context.channel, fault(.closed))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isTooLarge = error is ByteBudget.Exceeded
        let isHTTP = error is HTTPParserError
        finish(context.channel, fault(isTooLarge ? .tooLarge : isHTTP ? .malformed : isSent ? .closed : .tlsFailed))
    }

    private func fault(_ fault: OutboundError.Fault) -> OutboundError {
        isSent ? .unanswered(fault) : .notSent(fault == .closed && waitsForTLS ? .tlsFailed : fault)
    }

    private func finish(_ channel: any Channel, _ error: OutboundError?, _ reply: OutboundReply? = nil) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        if let reply { answer.give(.success(reply)) } else if let error { answer.give(.failure(error)) }
        channel.close(mode: .all, promise: nil)
    }
}

/// Ends a connection whose other side sends more than it may, headers counted in.
final class ByteBudget: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct Exceeded: Error {}

    private var left: Int

    init(bytesMax: Int) { left = bytesMax }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        left -= buffer.readableBytes
        guard left >= 0 else {
            context.fireErrorCaught(Exceeded())
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }
}
