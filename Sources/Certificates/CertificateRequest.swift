package import SwiftASN1
import X509

/// A request for a certificate: PKCS #10 (RFC 2986).
///
/// X509 has a type for it, too, which does not know ML-DSA, signs itself, and writes names and attributes in its own form. This
/// one keeps them as they were read, and is signed by whoever has the key.
package struct CertificateRequest: DERImplicitlyTaggable, Hashable, Sendable {
    package static var defaultIdentifier: ASN1Identifier { .sequence }

    package let content: Content
    package let signatureAlgorithm: AlgorithmIdentifier
    package let signature: [UInt8]

    package init(_ content: Content, signatureAlgorithm: AlgorithmIdentifier, signature: [UInt8]) {
        self.content = content
        self.signatureAlgorithm = signatureAlgorithm
        self.signature = signature
    }

    package init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: identifier) { nodes in
            let content = try Content(derEncoded: &nodes)
            let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
            let signature = Array(try ASN1BitString(wholeBytes: &nodes).bytes)
            return CertificateRequest(content, signatureAlgorithm: algorithm, signature: signature)
        }
    }

    package func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
        try coder.appendConstructedNode(identifier: identifier) { coder in
            try coder.serialize(content)
            try coder.serialize(signatureAlgorithm)
            try coder.serialize(ASN1BitString(bytes: signature[...]))
        }
    }
}

extension CertificateRequest {
    /// What is signed: RFC 2986 calls it CertificationRequestInfo.
    package struct Content: DERImplicitlyTaggable, Hashable, Sendable {
        package static var defaultIdentifier: ASN1Identifier { .sequence }

        /// A distinguished name, in the form in which it was read.
        private let subject: ASN1Any
        package let publicKey: SubjectPublicKeyInfo
        /// Each in the form in which it was read; the extensions that are asked for are one of them.
        private let attributes: [ASN1Any]

        // Only a type that cannot be written throws here, and a name can.
        private static let emptyName = try! ASN1Any(erasing: DistinguishedName())
        private static let attributesTag = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)

        /// Makes the content of a request for `publicKey`, without attributes and with an empty subject.
        package init(publicKey: SubjectPublicKeyInfo) {
            subject = Self.emptyName
            self.publicKey = publicKey
            attributes = []
        }

        private init(subject: ASN1Any, publicKey: SubjectPublicKeyInfo, attributes: [ASN1Any]) {
            self.subject = subject
            self.publicKey = publicKey
            self.attributes = attributes
        }

        /// Returns the same content for another key.
        package func requesting(_ publicKey: SubjectPublicKeyInfo) -> Content {
            Content(subject: subject, publicKey: publicKey, attributes: attributes)
        }

        package init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
            self = try DER.sequence(node, identifier: identifier) { nodes in
                guard try Int(derEncoded: &nodes) == 0 else {
                    throw ASN1Error.invalidASN1Object(reason: "an unknown version of PKCS #10")
                }
                guard let subject = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "no subject") }
                // Whoever signs the content vouches for it, so it has to be a name.
                _ = try DistinguishedName(derEncoded: subject)
                let publicKey = try SubjectPublicKeyInfo(derEncoded: &nodes)
                guard let attributes = nodes.next(), attributes.identifier == Self.attributesTag,
                    case .constructed(let elements) = attributes.content
                else { throw ASN1Error.invalidASN1Object(reason: "no attributes") }
                return Content(
                    subject: ASN1Any(derEncoded: subject), publicKey: publicKey,
                    attributes: elements.map { ASN1Any(derEncoded: $0) })
            }
        }

        package func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
            try coder.appendConstructedNode(identifier: identifier) { coder in
                try coder.serialize(0)
                try coder.serialize(subject)
                try coder.serialize(publicKey)
                try coder.appendConstructedNode(identifier: Self.attributesTag) { coder in
                    for attribute in attributes { try coder.serialize(attribute) }
                }
            }
        }
    }
}
