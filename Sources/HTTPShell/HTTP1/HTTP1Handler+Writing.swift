import EngineKit
import NIOCore
import NIOHTTP1
import Syntax

extension HTTP1Handler {
    /// Returns the head and the body of an answer in one buffer, so that they are written together. For a streamed answer,
    /// it is only the head.
    func encode(
        _ response: ShellResponse, id: String, keepAlive: Bool, omitsBody: Bool, isHTTP10: Bool = false,
        _ context: ChannelHandlerContext
    ) -> ByteBuffer {
        var output = context.channel.allocator.buffer(capacity: 320 + (omitsBody ? 0 : response.body.count))
        output.writeStatusLine(response.status)
        output.writeString(date.current())
        if !response.saysHowToCache { output.writeStaticString("\r\ncache-control: no-store") }
        output.writeStaticString("\r\nx-content-type-options: nosniff\r\nx-request-id: ")
        output.writeString(id)
        for (name, value) in response.headers where name.isHeaderName && value.isHeaderValue {
            output.writeStaticString("\r\n")
            output.writeString(name)
            output.writeStaticString(": ")
            output.writeString(value)
        }
        if !keepAlive { output.writeStaticString("\r\nconnection: close") }
        if !response.isWithoutBody {
            output.writeStaticString("\r\ncontent-type: ")
            output.writeString(response.contentType)
            if let stream = response.stream, stream.length == nil {
                // Without a length, the end of the connection ends the body in HTTP/1.0.
                output.writeStaticString(isHTTP10 ? "\r\n\r\n" : "\r\ntransfer-encoding: chunked\r\n\r\n")
                return output
            }
            output.writeStaticString("\r\ncontent-length: ")
            output.writeString(String(response.stream?.length ?? response.body.count))
            output.writeStaticString("\r\n\r\n")
            if !omitsBody { output.writeBytes(response.body) }
        } else {
            output.writeStaticString("\r\n\r\n")
        }
        return output
    }

    /// Writes bytes, and flushes them now or at the end of a burst of reads.
    func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(bytes), promise: nil)
        if isReading, context.channel.isWritable {
            isFlushWanted = true
        } else {
            isFlushWanted = false
            context.flush()
            afterFlush(context)
        }
    }

    /// Stops reading requests while the client does not receive its answers.
    func afterFlush(_ context: ChannelHandlerContext) {
        guard !context.channel.isWritable, case .idle = phase else { return }
        phase = .writing
        expect(within: settings.timeouts.writeMilliseconds)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .writing = phase {
            phase = .idle
            expect(within: settings.timeouts.idleMilliseconds)
            parse(context)
        }
        context.fireChannelWritabilityChanged()
    }
}

extension ByteBuffer {
    fileprivate mutating func writeStatusLine(_ status: Int) {
        switch status {
        case 200: writeStaticString("HTTP/1.1 200 OK\r\ndate: ")
        case 204: writeStaticString("HTTP/1.1 204 No Content\r\ndate: ")
        case 400: writeStaticString("HTTP/1.1 400 Bad Request\r\ndate: ")
        case 403: writeStaticString("HTTP/1.1 403 Forbidden\r\ndate: ")
        case 404: writeStaticString("HTTP/1.1 404 Not Found\r\ndate: ")
        default:
            let code = max(100, min(status, 999))
            writeStaticString("HTTP/1.1 ")
            writeString(String(code))
            writeStaticString(" ")
            writeString(HTTPResponseStatus(statusCode: code).reasonPhrase)
            writeStaticString("\r\ndate: ")
        }
    }
}

extension String {
    /// Whether the text is a lower-case header name.
    var isHeaderName: Bool {
        !utf8.isEmpty && utf8.allSatisfy { $0.isASCIILowercase || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
    }

    /// Whether the text has no character that could end a header.
    var isHeaderValue: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
}
