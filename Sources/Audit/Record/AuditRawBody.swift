/// A body of a request or a response that is not JSON.
///
/// It is written as one HMAC with its length. The bytes of a streamed response are not known when the record is written,
/// which is before the first of them is sent.
package final class AuditRawBody: Sendable {
    /// The bytes, or nil if the response is streamed.
    package let bytes: [UInt8]?
    /// The length, or nil if the response is streamed and its length is not known.
    package let length: Int?
    /// The media type that the engine declares for a response, written in the clear. Empty for the body of a request, whose
    /// media type is the caller's text.
    package let contentType: String

    /// Creates a record of a body whose bytes are known.
    package init(bytes: [UInt8], contentType: String = "") {
        self.bytes = bytes
        length = bytes.count
        self.contentType = contentType
    }

    /// Creates a record of a streamed body.
    package init(streamedLength length: Int?, contentType: String) {
        bytes = nil
        self.length = length
        self.contentType = contentType
    }
}
