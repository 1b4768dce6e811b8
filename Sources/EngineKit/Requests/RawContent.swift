/// Bytes with a content type: a body that is not JSON, such as a certificate.
///
/// It is a class, so that requests and responses, which are passed on many times, stay small.
package final class RawContent: Sendable {
    /// A media type, such as `application/pkix-cert`. That of a request is what its sender says, with its parameters, and empty if
    /// the sender says nothing.
    package let contentType: String
    /// The bytes.
    package let bytes: [UInt8]

    /// Creates the content.
    package init(_ bytes: [UInt8], contentType: String) {
        self.bytes = bytes
        self.contentType = Self.headerValue(contentType)
    }

    /// Returns the text if it can be the value of a header, and the type of unknown bytes otherwise.
    static func headerValue(_ contentType: String) -> String {
        contentType.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? contentType : "application/octet-stream"
    }
}
