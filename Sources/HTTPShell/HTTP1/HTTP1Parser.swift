package import NIOCore
package import NIOHTTP1
import Syntax

/// An incremental parser of HTTP/1 requests (RFC 9112) that refuses everything that could be read in two ways.
///
/// It accepts no bare line feeds, folded headers, spaces before a colon, control characters or invalid UTF-8. A method can be any word
/// in upper case, for LIST and SCAN. ``AdmittedHead`` decides how a body is framed.
package struct HTTP1Parser {
    /// The head of a request.
    package struct Head {
        /// The method.
        package var method: String
        /// The request target, percent-encoded.
        package var target: String
        /// Whether the version is HTTP/1.0, and not HTTP/1.1.
        package var isHTTP10: Bool
        /// The header fields in order.
        package var headers: HTTPHeaders
        /// Whether the client wants to keep the connection open.
        package var keepsAlive: Bool
    }

    /// A part of a request.
    package enum Event {
        /// The head. The caller announces the body with ``expectBody(length:)``; otherwise there is none.
        case head(Head)
        /// The next bytes of the body.
        case body(ByteBuffer)
        /// The end of the request.
        case end
    }

    /// The part of a request that is read next.
    private enum State {
        /// Inside or before a head. `searched` bytes do not contain its end, and `isFresh` is true while an empty line may precede it.
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

    /// Creates a parser for a connection.
    package init(limits: RequestLimits) { self.limits = limits }

    /// Announces a body after a head: its length in bytes, or nil if it is chunked.
    package mutating func expectBody(length: Int?) { state = length.map { .fixed(left: $0) } ?? .chunkSize }

    /// Returns the next part of a request and removes it from the input, or returns nil if more input is needed.
    ///
    /// - Throws: The refusal of a malformed or too large request. The parser cannot be used afterwards.
    package mutating func next(_ input: inout ByteBuffer) throws(HTTPRefusal) -> Event? {
        while true {
            switch state {
            case .head(let searched, let isFresh): return try head(&input, searched: searched, isFresh: isFresh).map { .head($0) }
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
                guard let line = try Self.line(&input, max: 0, orThrow: .malformed) else { return nil }
                guard line.readableBytes == 0 else { throw .malformed }
                state = .chunkSize
            case .trailers(let bytes):
                guard let line = try Self.line(&input, max: limits.headerBytesMax - bytes, orThrow: .headersTooLarge) else {
                    return nil
                }
                if line.readableBytes == 0 { return finish() }
                state = .trailers(bytes: bytes + line.readableBytes + 2)
            }
        }
    }

    private mutating func finish() -> Event {
        state = .head(searched: 0, isFresh: true)
        return .end
    }

    /// Returns a line without its line end, which must be a carriage return and a line feed, or nil if more input is needed.
    private static func line(_ input: inout ByteBuffer, max: Int, orThrow tooLong: HTTPRefusal) throws(HTTPRefusal) -> ByteBuffer? {
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
        guard let line = try Self.line(&input, max: Self.chunkLineMax, orThrow: .malformed) else { return nil }
        let bytes = line.readableBytesView
        let digits = bytes.prefix { Hex.value($0) != nil }
        guard (1...8).contains(digits.count) else { throw .malformed }
        // Chunk extensions are ignored, but must be well-formed.
        let rest = bytes.dropFirst(digits.count).drop { $0 == 0x20 || $0 == 0x09 }
        guard rest.isEmpty || rest.first == UInt8(ascii: ";"), rest.allSatisfy(HTTP1Characters.isValue) else { throw .malformed }
        return digits.reduce(0) { $0 << 4 | Int(Hex.value($1) ?? 0) }
    }

    // MARK: The head

    /// Returns a head and removes it from the input, or returns nil if its end has not arrived.
    private mutating func head(_ input: inout ByteBuffer, searched: Int, isFresh: Bool) throws(HTTPRefusal) -> Head? {
        // An empty line before a request is ignored (RFC 9112, section 2.2). Any other byte that cannot begin a method is refused at once.
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

    /// Returns the index after the empty line that ends a head, or nil if there is none.
    private static func headEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var position = start + 3
        // The last of four bytes determines how many can be skipped.
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
