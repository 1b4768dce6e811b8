/// A body that is produced while it is sent, such as a snapshot of the store.
///
/// The HTTP layer asks for the next piece when the client has taken the one before, so that only one piece is in memory,
/// however slow the client is. When the client leaves, the task that produces a piece is canceled and no further piece is
/// requested. What `produce` holds is released with the last reference to the content: after the last piece, after a
/// failure, or after the client has left.
package final class StreamedContent: Sendable {
    /// Produces the next piece, or returns nil after the last one. Called for one piece at a time. Throws if the body
    /// cannot be completed; the client then sees that the connection breaks off.
    package typealias Producer = @Sendable () async throws -> [UInt8]?

    /// Why a stream ended before its body was complete.
    package enum Failure: Error, Sendable, Hashable {
        /// The producer returned a piece of more than ``pieceBytesMax`` bytes.
        case pieceTooLarge
        /// The producer returned more bytes than it announced, or than the content may have.
        case tooLong
        /// The producer ended before it had returned the announced number of bytes.
        case tooShort
    }

    /// The largest number of bytes in a piece.
    package static let pieceBytesMax = 1 << 20

    /// A media type, such as `application/gzip`.
    package let contentType: String
    /// The number of bytes, if it is known in advance. Exactly that number must be produced.
    package let length: Int?
    /// The largest number of bytes of the content.
    package let bytesMax: Int
    private let produce: Producer

    /// Creates a body of exactly `length` bytes.
    package init(contentType: String, length: Int, produce: @escaping Producer) {
        self.contentType = RawContent.headerValue(contentType)
        self.length = length
        bytesMax = length
        self.produce = produce
    }

    /// Creates a body of unknown length, of at most `bytesMax` bytes.
    package init(contentType: String, bytesMax: Int, produce: @escaping Producer) {
        self.contentType = RawContent.headerValue(contentType)
        length = nil
        self.bytesMax = bytesMax
        self.produce = produce
    }

    /// The pieces, within the limits of the content. A copy continues where the original was.
    package struct Pieces: Sendable {
        /// One piece, and what follows it.
        package struct Step: Sendable {
            /// A piece that is not empty, or nil after the last one.
            package var piece: [UInt8]?
            /// The pieces that follow.
            package var rest: Pieces
        }

        private let content: StreamedContent
        private var bytesMade = 0

        fileprivate init(_ content: StreamedContent) { self.content = content }

        /// Returns the next piece with what follows it.
        package func step() async throws -> Step {
            var rest = self
            let piece = try await rest.next()
            return Step(piece: piece, rest: rest)
        }

        /// Returns the next piece that is not empty, or nil after the last one.
        package mutating func next() async throws -> [UInt8]? {
            while let piece = try await content.produce() {
                try Task.checkCancellation()
                guard piece.count <= StreamedContent.pieceBytesMax else { throw Failure.pieceTooLarge }
                guard piece.count <= content.bytesMax - bytesMade else { throw Failure.tooLong }
                bytesMade += piece.count
                if !piece.isEmpty { return piece }
            }
            if let length = content.length, bytesMade < length { throw Failure.tooShort }
            return nil
        }
    }

    /// Returns the pieces. The content can be read once.
    package func pieces() -> Pieces { Pieces(self) }
}
