import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A server on loopback that answers every request alike, and keeps what it was sent.
final class LoopbackServer: Sendable {
    struct Seen: Sendable {
        var head: HTTPRequestHead
        var body: [UInt8]
    }

    private let seenRequests = Mutex<[Seen]>([])
    private let channel: any Channel
    private let box: Box
    let port: Int

    var seen: [Seen] { seenRequests.withLock { $0 } }

    /// `status` nil closes the connection instead of answering; `answers` false keeps silent.
    static func start(
        status: Int? = 200, headers: [(String, String)] = [("content-type", "application/json")], body: [UInt8] = Array("{}".utf8),
        answers: Bool = true, tls: NIOSSLContext? = nil
    ) async throws -> LoopbackServer {
        let box = Box()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                box.connections.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(status: status, headers: headers, body: body, answers: answers, box: box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = LoopbackServer(channel: channel, port: channel.localAddress?.port ?? 0, box: box)
        box.server.withLock { $0 = server }
        return server
    }

    private init(channel: any Channel, port: Int, box: Box) {
        self.channel = channel
        self.port = port
        self.box = box
    }

    func stop() async { try? await channel.close() }

    /// Closes all connections.
    func hangUp() async {
        for connection in box.connections.withLock({ $0 }) { try? await connection.close() }
    }

    fileprivate final class Box: Sendable {
        let server = Mutex<LoopbackServer?>(nil)
        let connections = Mutex<[any Channel]>([])
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        let status: Int?
        let headers: [(String, String)]
        let body: [UInt8]
        let answers: Bool
        let box: Box
        var head: HTTPRequestHead?
        var received: [UInt8] = []

        init(status: Int?, headers: [(String, String)], body: [UInt8], answers: Bool, box: Box) {
            self.status = status
            self.headers = headers
            self.body = body
            self.answers = answers
            self.box = box
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(let part): received += Array(part.readableBytesView)
            case .end:
                if let head {
                    let seen = Seen(head: head, body: received)
                    box.server.withLock { $0 }?.seenRequests.withLock { $0.append(seen) }
                }
                guard answers else { return }
                guard let status else { return context.close(promise: nil) }
                var fields = HTTPHeaders(headers)
                fields.add(name: "content-length", value: String(body.count))
                let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
