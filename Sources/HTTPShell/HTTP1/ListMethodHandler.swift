import NIOCore

/// Whether the next bytes of a connection begin a request; shared by the handlers of one HTTP/1 connection.
final class MessageStart {
    var isNext = true
}

/// Gets `LIST` past the HTTP/1 parser, which refuses methods that are not in its table.
///
/// A request that begins with `LIST` is handed on as `LINK`, which has the same length and is served to nobody, and
/// `HTTP1Handler` turns it back. Only the start of a read is looked at, so a LIST that is pipelined behind another
/// request is refused as malformed; no client of this API pipelines.
final class ListMethodHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let list = StaticString("LIST ")
    private static let link = StaticString("LINK ")
    private let start: MessageStart
    /// Fewer bytes than the method has.
    private var held: ByteBuffer?

    init(start: MessageStart) { self.start = start }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if start.isNext {
            if var first = held {
                held = nil
                first.writeBuffer(&bytes)
                bytes = first
            }
            let isList = Self.begins(bytes, Self.list)
            let isLink = Self.begins(bytes, Self.link)
            if isList || isLink, bytes.readableBytes < Self.list.utf8CodeUnitCount {
                held = bytes
                return
            }
            if isList || isLink { _ = bytes.setStaticString(isList ? Self.link : Self.list, at: bytes.readerIndex) }
            start.isNext = false
        }
        context.fireChannelRead(wrapInboundOut(bytes))
    }

    /// As far as there are bytes.
    private static func begins(_ bytes: ByteBuffer, _ word: StaticString) -> Bool {
        let count = min(bytes.readableBytes, word.utf8CodeUnitCount)
        return bytes.withUnsafeReadableBytes { found in
            found.prefix(count).elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: count))
        }
    }
}
