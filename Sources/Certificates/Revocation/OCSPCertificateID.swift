import Crypto
package import SwiftASN1
import X509

/// How a certificate is named in OCSP (RFC 6960, 4.1.1): by hashes of its issuer's name and key, and its serial number.
///
/// The hash is SHA-1, the only one that every responder knows. It only names; nothing is trusted because of it.
struct OCSPCertificateID: Hashable, DERImplicitlyTaggable {
    static var defaultIdentifier: ASN1Identifier { .sequence }

    private let algorithm: ASN1ObjectIdentifier
    private let nameHash: [UInt8]
    private let keyHash: [UInt8]
    /// Without leading zeros.
    private let serial: [UInt8]

    private static let sha1: ASN1ObjectIdentifier = [1, 3, 14, 3, 2, 26]

    init(of certificate: ClientCertificate, issuer: ClientCertificate) {
        algorithm = Self.sha1
        nameHash = Array(Insecure.SHA1.hash(data: certificate.certificate.issuer.der))
        keyHash = Self.keyHash(of: issuer)
        serial = certificate.serialBytes
    }

    /// Returns the SHA-1 hash of a certificate's public key, without its algorithm.
    static func keyHash(of certificate: ClientCertificate) -> [UInt8] {
        Array(Insecure.SHA1.hash(data: certificate.certificate.publicKey.subjectPublicKeyInfoBytes))
    }

    init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
        (algorithm, nameHash, keyHash, serial) = try DER.sequence(node, identifier: identifier) { nodes in
            let algorithm = try AlgorithmIdentifier(derEncoded: &nodes).algorithm
            let nameHash = Array(try ASN1OctetString(derEncoded: &nodes).bytes)
            let keyHash = Array(try ASN1OctetString(derEncoded: &nodes).bytes)
            let serial = try ArraySlice<UInt8>(derEncoded: &nodes)
            return (algorithm, nameHash, keyHash, Array(serial.drop { $0 == 0 }))
        }
    }

    func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
        try coder.appendConstructedNode(identifier: identifier) { coder in
            try coder.serialize(AlgorithmIdentifier(algorithm, parameters: try ASN1Any(erasing: ASN1Null())))
            try coder.serialize(ASN1OctetString(contentBytes: nameHash[...]))
            try coder.serialize(ASN1OctetString(contentBytes: keyHash[...]))
            try coder.serialize(serial.isEmpty ? [0] : serial[...])
        }
    }
}

/// A request to an OCSP responder about one certificate (RFC 6960, 4.1).
package struct OCSPRequest: DERSerializable, Sendable {
    let id: OCSPCertificateID
    let nonce: [UInt8]

    static let nonceID: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 48, 1, 2]
    /// The length of a nonce, in bytes (RFC 8954).
    package static let nonceByteCount = 32
    private static let extensionsTag: UInt = 2

    /// Creates a request.
    ///
    /// - Parameter nonce: Random bytes, which an answer that was made for this request repeats.
    package init(about certificate: ClientCertificate, issuer: ClientCertificate, nonce: [UInt8]) {
        id = OCSPCertificateID(of: certificate, issuer: issuer)
        self.nonce = nonce
    }

    package func serialize(into coder: inout DER.Serializer) throws {
        let (id, nonce) = (id, nonce)
        try coder.appendConstructedNode(identifier: .sequence) { coder in
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                try coder.appendConstructedNode(identifier: .sequence) { coder in
                    try coder.appendConstructedNode(identifier: .sequence) { try $0.serialize(id) }
                }
                guard !nonce.isEmpty else { return }
                try coder.serialize(explicitlyTaggedWithTagNumber: Self.extensionsTag, tagClass: .contextSpecific) { coder in
                    try coder.appendConstructedNode(identifier: .sequence) { coder in
                        try coder.appendConstructedNode(identifier: .sequence) { coder in
                            try coder.serialize(Self.nonceID)
                            let value = ASN1OctetString(contentBytes: nonce[...]).der
                            try coder.serialize(ASN1OctetString(contentBytes: value[...]))
                        }
                    }
                }
            }
        }
    }
}
