/// A body that is not JSON, of a request or an answer.
///
/// Its bytes are written as one HMAC, with their number beside it. Those of an answer that is made while it is sent are not known
/// when the record is written, which is before the first of them leaves.
package final class AuditRawBody: Sendable {
    /// nil when the answer is streamed.
    package let bytes: [UInt8]?
    /// nil when the answer is streamed and its length is not known.
    package let length: Int?
    /// What the engine says of an answer; clear. Empty for a request's body, of which it would be the caller's text.
    package let contentType: String

    package init(bytes: [UInt8], contentType: String = "") {
        self.bytes = bytes
        length = bytes.count
        self.contentType = contentType
    }

    package init(streamedLength length: Int?, contentType: String) {
        bytes = nil
        self.length = length
        self.contentType = contentType
    }
}
