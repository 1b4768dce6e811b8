import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS
import Syntax

/// Sends one request over a connection and reads its response.
final class OutboundExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let body: [UInt8]
    private let waitsForTLS: Bool
    /// The name that the server's certificate must have, or nil if it must have the address.
    private let hostName: String?
    private let bytesMax: Int
    private let deadline: NIODeadline
    private let answer: OneShot<Result<OutboundReply, OutboundError>>
    private var isSent = false
    private var isDone = false
    private var reply: OutboundReply?
    private var timer: Scheduled<Void>?

    init(
        head: HTTPRequestHead, body: [UInt8], waitsForTLS: Bool, hostName: String?, bytesMax: Int, deadline: NIODeadline,
        answer: OneShot<Result<OutboundReply, OutboundError>>
    ) {
        self.head = head
        self.body = body
        self.waitsForTLS = waitsForTLS
        self.hostName = hostName
        self.bytesMax = bytesMax
        self.deadline = deadline
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            finish(channel, failing: fault(.timedOut))
        }
        if !waitsForTLS { send(context) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            guard isRightHost(context) else { return finish(context.channel, failing: fault(.tlsFailed)) }
            send(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func isRightHost(_ context: ChannelHandlerContext) -> Bool {
        guard let hostName else { return true }
        guard let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate() else { return false }
        return HostIdentity.certificate(certificate, isFor: hostName)
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
            guard count <= bytesMax else { return finish(context.channel, failing: fault(.tooLarge)) }
            reply?.body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let reply else { return finish(context.channel, failing: fault(.malformed)) }
            finish(context.channel, with: .success(reply))
        }
    }

    /// Returns the number of seconds of a `Retry-After` header (RFC 9110, section 10.2.3). The header's other form, a date, is
    /// ignored.
    private static func seconds(_ text: String) -> Int? {
        guard (1...6).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIDigit }) else { return nil }
        return Int(text)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(context.channel, failing: fault(.closed))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let kind: OutboundError.Fault =
            switch error {
            case is ByteBudget.Exceeded: .tooLarge
            case is HTTPParserError: .malformed
            default: isSent ? .closed : .tlsFailed
            }
        finish(context.channel, failing: fault(kind))
    }

    /// Returns the error for a fault, by whether the request was already sent. A connection that closes before it was sent has
    /// failed in its TLS handshake.
    private func fault(_ fault: OutboundError.Fault) -> OutboundError {
        guard !isSent else { return .unanswered(fault) }
        return .notSent(fault == .closed && waitsForTLS ? .tlsFailed : fault)
    }

    private func finish(_ channel: any Channel, failing error: OutboundError) { finish(channel, with: .failure(error)) }

    /// Hands over the result and closes the connection. Only the first call has an effect.
    private func finish(_ channel: any Channel, with result: Result<OutboundReply, OutboundError>) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        answer.fulfill(result)
        channel.close(mode: .all, promise: nil)
    }
}

/// Closes a connection that sends more bytes than allowed, headers included.
final class ByteBudget: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// More bytes arrived than allowed.
    struct Exceeded: Error {}

    private var left: Int

    /// Allows a number of bytes.
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
