import Certificates
package import EngineKit
import NIOHTTP1
import Syntax

/// The rules for taking a client's certificate from a header of a trusted proxy, which has ended the client's TLS.
///
/// They correspond to the settings `x_forwarded_for_client_cert_*` of OpenBao and Vault. The certificate is not verified here, and
/// names in it are not those of a verified certificate.
package struct ForwardedCertificate: Sendable {
    /// One step of decoding the header's value.
    package enum Decoder: Sendable, Hashable {
        /// Percent-encoded text, as nginx's `$ssl_client_escaped_cert` is. A `+` is no space.
        case url
        /// PEM with one certificate.
        case pem
        /// DER as base64 between two colons (RFC 9440, section 2.1).
        case rfc9440
        /// DER as base64.
        case base64
    }

    /// The name of the header, in lower case.
    package let header: String
    /// The steps of decoding, in their order. If none of them gives DER, the result is decoded as base64.
    package let decoders: [Decoder]
    /// The addresses of trusted proxies.
    package let authorized: [AddressRange]
    /// Whether a request with the header from another address is refused. Otherwise its header is ignored.
    package var rejectsUnauthorized = true

    /// Creates rules.
    package init(header: String, decoders: [Decoder], authorized: [AddressRange], rejectsUnauthorized: Bool = true) {
        self.header = header.lowercased()
        self.decoders = decoders
        self.authorized = authorized
        self.rejectsUnauthorized = rejectsUnauthorized
    }

    /// Takes the certificate of the header, and removes the header. The proxy's own certificate does not count as the client's.
    ///
    /// - Throws: A refusal with the status 400 if the header is not allowed, occurs twice or is malformed.
    func apply(to request: inout ShellRequest) throws(HTTPRefusal) {
        let values = request.headers[header]
        if !values.isEmpty { request.headers.remove(name: header) }
        guard authorized.contains(where: { $0.contains(request.connection.remoteAddress) }) else {
            if !values.isEmpty, rejectsUnauthorized {
                throw HTTPRefusal(400, "this listener accepts the client certificate header from trusted proxies only")
            }
            return
        }
        request.connection.setCertificate([])
        guard values.count <= 1 else { throw HTTPRefusal(400, "the client certificate header was sent twice") }
        guard let value = values.first, !value.isEmpty else { return }
        guard let certificate = decode(value) else { throw HTTPRefusal(400, "the client certificate header is malformed") }
        request.connection.setCertificate([certificate])
    }

    /// Returns the certificate of a header's value as DER, or nil if it is malformed.
    package func decode(_ value: String) -> [UInt8]? {
        var text = Array(value.utf8)
        var isDER = false
        for decoder in decoders {
            let decoded: [UInt8]? =
                switch decoder {
                case .url: PercentEncoding.decode(text)
                case .pem: PEM.documents(in: String(decoding: text, as: UTF8.self), label: .certificate).flatMap(Self.only)
                case .rfc9440: Self.byteSequence(text)
                case .base64: Base64.decode(String(decoding: text, as: UTF8.self))
                }
            guard let decoded else { return nil }
            text = decoded
            isDER = isDER || decoder != .url
        }
        if !isDER {
            guard let decoded = Base64.decode(String(decoding: text, as: UTF8.self)) else { return nil }
            text = decoded
        }
        return DERForm.isWhole(text) ? text : nil
    }

    private static func only(_ documents: [[UInt8]]) -> [UInt8]? { documents.count == 1 ? documents[0] : nil }

    /// Returns the bytes of a byte sequence without parameters (RFC 8941, section 3.3.5).
    private static func byteSequence(_ text: [UInt8]) -> [UInt8]? {
        let colon = UInt8(ascii: ":")
        guard text.count > 2, text.first == colon, text.last == colon else { return nil }
        return Base64.decode(String(decoding: text.dropFirst().dropLast(), as: UTF8.self), allowing: [])
    }
}
