package import NIOCore
package import NIOHTTP1
import Syntax

/// Reads HTTP/1 requests off a connection (RFC 9112), strictly: what could be read in two ways is refused.
///
/// No bare line feeds, no folded headers, no space before a colon, no control characters, nothing that is not UTF-8.
/// Methods are any word in capitals, for LIST and SCAN. How a body is framed is decided once, by ``AdmittedHead``.
package struct HTTP1Parser {
    package struct Head {
        package var method: String
        package var target: String
        package var isHTTP10: Bool
        package var headers: HTTPHeaders
        /// The client will send a further request, as far as it is concerned.
        package var keepsAlive: Bool
    }

    package enum Event {
        case head(Head)
        case body(ByteBuffer)
        case end
    }

    private enum State {
        /// Bytes of the head that are known to hold no end of it, and whether an empty line may still come before it.
        case head(searched: Int, isFresh: Bool)
        case fixed(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers(bytes: Int)
    }

    private static let chunkLineMax = 256
    private let limits: RequestLimits
    private var state = State.head(searched: 0, isFresh: true)

    package init(limits: RequestLimits) { self.limits = limits }

    /// After a head: its body has this length, or is chunked when nil.
    package mutating func expectBody(length: Int?) { state = length.map { .fixed(left: $0) } ?? .chunkSize }

    /// The next thing in the input, or nil until more has come. Takes what it read off the input.
    package mutating func next(_ input: inout ByteBuffer) throws(HTTPRefusal) -> Event? {
        while true {
            switch state {
            case .head(let searched, let isFresh): return try head(&input, searched, isFresh).map { .head($0) }
            case .fixed(let left):
                guard left > 0 else { return finish() }
                guard let bytes = input.readSlice(length: min(left, input.readableBytes)), bytes.readableBytes > 0 else {
                    return nil
                }
                state = .fixed(left: left - bytes.readableBytes)
                return .body(bytes)
            case .chunkSize:
                guard let size = try chunkSize(&input) else { return nil }
                state = size > 0 ? .chunk(left: size) : .trailers(bytes: 0)
            case .chunk(let left):
                guard let bytes = input.readSlice(length: min(left, input.readableBytes)), bytes.readableBytes > 0 else {
                    return nil
                }
                state = bytes.readableBytes < left ? .chunk(left: left - bytes.readableBytes) : .chunkEnd
                return .body(bytes)
            case .chunkEnd:
                guard let line = try Self.line(&input, max: 0, .malformed) else { return nil }
                guard line.readableBytes == 0 else { throw .malformed }
                state = .chunkSize
            case .trailers(let bytes):
                guard let line = try Self.line(&input, max: limits.headerBytesMax - bytes, .headersTooLarge) else { return nil }
                if line.readableBytes == 0 { return finish() }
                state = .trailers(bytes: bytes + line.readableBytes + 2)
            }
        }
    }

    private mutating func finish() -> Event {
        state = .head(searched: 0, isFresh: true)
        return .end
    }

    /// Up to a line's end, without it. A line feed must follow a carriage return.
    private static func line(_ input: inout ByteBuffer, max: Int, _ tooLong: HTTPRefusal) throws(HTTPRefusal) -> ByteBuffer? {
        guard let end = input.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
            guard input.readableBytes <= max + 1 else { throw tooLong }
            return nil
        }
        let length = end - input.readerIndex
        guard length <= max + 1 else { throw tooLong }
        guard length > 0, input.getInteger(at: end - 1) == UInt8(ascii: "\r"), let line = input.readSlice(length: length - 1) else {
            throw .malformed
        }
        input.moveReaderIndex(forwardBy: 2)
        return line
    }

    private func chunkSize(_ input: inout ByteBuffer) throws(HTTPRefusal) -> Int? {
        guard let line = try Self.line(&input, max: Self.chunkLineMax, .malformed) else { return nil }
        let bytes = line.readableBytesView
        let digits = bytes.prefix { Hex.value($0) != nil }
        guard (1...8).contains(digits.count) else { throw .malformed }
        // An extension says nothing to us, but must look like one.
        let rest = bytes.dropFirst(digits.count).drop { $0 == 0x20 || $0 == 0x09 }
        guard rest.isEmpty || rest.first == UInt8(ascii: ";"), rest.allSatisfy(HTTP1Characters.isValue) else { throw .malformed }
        return digits.reduce(0) { $0 << 4 | Int(Hex.value($1) ?? 0) }
    }

    // MARK: The head

    private mutating func head(_ input: inout ByteBuffer, _ searched: Int, _ isFresh: Bool) throws(HTTPRefusal) -> Head? {
        // RFC 9112 2.2: an empty line before a request is passed over. Whatever else is no method ends it here, at once.
        var isFresh = isFresh
        if isFresh, input.readableBytes >= 2 {
            isFresh = false
            if input.getInteger(at: input.readerIndex, as: UInt16.self) == 0x0D0A { input.moveReaderIndex(forwardBy: 2) }
        }
        let headMax = limits.headerBytesMax + limits.targetBytesMax + 4 * limits.headerCountMax + 64
        let limits = limits
        let result: Result<(Head, Int), HTTPRefusal>? = input.withUnsafeReadableBytes { bytes in
            if let first = bytes.first, first != 0x0D, !HTTP1Characters.isMethod(first) { return .failure(.malformed) }
            guard let end = Self.headEnd(bytes, from: Swift.max(0, searched - 3)) else {
                guard bytes.count > headMax else { return nil }
                let hasLine = bytes.prefix(limits.targetBytesMax + 64).contains(UInt8(ascii: "\n"))
                return .failure(hasLine ? .headersTooLarge : .targetTooLong)
            }
            var reader = HTTP1HeadReader(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<(end - 2)]), limits: limits)
            do throws(HTTPRefusal) { return .success((try reader.head(), end)) } catch { return .failure(error) }
        }
        guard let result else {
            state = .head(searched: input.readableBytes, isFresh: isFresh)
            return nil
        }
        let (head, length) = try result.get()
        input.moveReaderIndex(forwardBy: length)
        state = .fixed(left: 0)
        return head
    }

    /// Behind the empty line that ends a head.
    private static func headEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var position = start + 3
        // The last byte of the four decides how far to go on.
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\n"):
                if bytes[position - 1] == 0x0D, bytes[position - 2] == 0x0A, bytes[position - 3] == 0x0D { return position + 1 }
                position += 2
            case UInt8(ascii: "\r"): position += 1
            default: position += 4
            }
        }
        return nil
    }
}
