import Syntax

/// Reads and writes PEM (RFC 7468): base64 between two lines with a label.
///
/// SwiftASN1's `PEMDocument` is not used. It refuses lines that do not have 64 characters, which OpenSSL, Go and Vault
/// accept, and the time that it takes to write a document is proportional to the square of its length.
package enum PEM {
    /// The label of a document, as RFC 7468 and OpenSSL name it.
    package enum Label: String, Sendable {
        case certificate = "CERTIFICATE"
        case certificateRequest = "CERTIFICATE REQUEST"
        case revocationList = "X509 CRL"
        case publicKey = "PUBLIC KEY"
        /// PKCS #1.
        case rsaPrivateKey = "RSA PRIVATE KEY"
        /// SEC 1.
        case ecPrivateKey = "EC PRIVATE KEY"
    }

    private static let digitsPerLine = 64

    /// Returns `der` as a PEM document that ends with a line feed.
    package static func text(_ der: some Sequence<UInt8>, label: Label) -> String {
        let digits = Array(Base64.encode(Array(der)).utf8)
        var text = "-----BEGIN \(label.rawValue)-----\n"
        for start in stride(from: 0, to: digits.count, by: digitsPerLine) {
            text += String(decoding: digits[start..<min(start + digitsPerLine, digits.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label.rawValue)-----\n"
    }

    /// Returns the content of the documents with `label` in their order, or nil if there is none or one of them is
    /// malformed.
    ///
    /// Text outside of documents is ignored, and so are documents with other labels.
    package static func documents(in text: String, label: Label) -> [[UInt8]]? {
        let (begin, end) = ("-----BEGIN \(label.rawValue)-----", "-----END \(label.rawValue)-----")
        var documents: [[UInt8]] = []
        var digits: String?
        for line in text.splitUTF8(where: { $0 == 0x0A || $0 == 0x0D }) {
            if line == begin {
                guard digits == nil else { return nil }
                digits = ""
            } else if line == end {
                guard let encoded = digits, let der = Base64.decode(encoded) else { return nil }
                documents.append(der)
                digits = nil
            } else {
                digits?.append(contentsOf: line)
            }
        }
        return documents.isEmpty || digits != nil ? nil : documents
    }
}
