package import SwiftASN1
import X509

/// A certificate request: PKCS #10 (RFC 2986).
///
/// The type of X509 is not used: it does not know ML-DSA, needs the private key for signing, and writes names and
/// attributes in its own form. This type keeps them as they were read, and leaves signing to its caller.
package struct CertificateRequest: DERImplicitlyTaggable, Hashable, Sendable {
    /// The tag of the structure: a sequence.
    package static var defaultIdentifier: ASN1Identifier { .sequence }

    /// The signed part.
    package let content: Content
    /// The algorithm of the signature.
    package let signatureAlgorithm: AlgorithmIdentifier
    /// The signature of the content's DER.
    package let signature: [UInt8]

    /// Creates a request from its parts.
    package init(_ content: Content, signatureAlgorithm: AlgorithmIdentifier, signature: [UInt8]) {
        self.content = content
        self.signatureAlgorithm = signatureAlgorithm
        self.signature = signature
    }

    /// Reads a request from its DER. The signature is not verified.
    package init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: identifier) { nodes in
            let content = try Content(derEncoded: &nodes)
            let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
            let signature = Array(try ASN1BitString(wholeBytes: &nodes).bytes)
            return CertificateRequest(content, signatureAlgorithm: algorithm, signature: signature)
        }
    }

    /// Writes the request as DER.
    package func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
        try coder.appendConstructedNode(identifier: identifier) { coder in
            try coder.serialize(content)
            try coder.serialize(signatureAlgorithm)
            try coder.serialize(ASN1BitString(bytes: signature[...]))
        }
    }
}

extension CertificateRequest {
    /// The signed part of a request, which RFC 2986 calls CertificationRequestInfo.
    package struct Content: DERImplicitlyTaggable, Hashable, Sendable {
        /// The tag of the structure: a sequence.
        package static var defaultIdentifier: ASN1Identifier { .sequence }

        /// The distinguished name, as it was read.
        private let subject: ASN1Any
        /// The key that a certificate is requested for.
        package let publicKey: SubjectPublicKeyInfo
        /// The attributes, each as it was read. The requested extensions are one of them.
        private let attributes: [ASN1Any]

        // Writing fails only for types that have no DER form, and a name has one.
        private static let emptyName = try! ASN1Any(erasing: DistinguishedName())
        private static let attributesTag = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)

        /// Creates the content of a request for `publicKey`, with an empty subject and without attributes.
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

        /// Reads the content from its DER.
        package init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
            self = try DER.sequence(node, identifier: identifier) { nodes in
                guard try Int(derEncoded: &nodes) == 0 else {
                    throw ASN1Error.invalidASN1Object(reason: "an unknown version of PKCS #10")
                }
                guard let subject = nodes.next() else { throw ASN1Error.invalidASN1Object(reason: "no subject") }
                // Whoever signs the content vouches for the subject, so it must be a valid name.
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

        /// Writes the content as DER.
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
