package import SwiftASN1

/// The algorithm of a key or of a signature (RFC 5280, 4.1.1.2).
package struct AlgorithmIdentifier: DERImplicitlyTaggable, Hashable, Sendable {
    /// The tag of the structure: a sequence.
    package static var defaultIdentifier: ASN1Identifier { .sequence }

    /// The identifier of the algorithm.
    package let algorithm: ASN1ObjectIdentifier
    /// The parameters, such as the curve of an elliptic curve key. Nil if they are absent, which differs from NULL.
    package let parameters: ASN1Any?

    /// Creates an identifier.
    package init(_ algorithm: ASN1ObjectIdentifier, parameters: ASN1Any? = nil) {
        self.algorithm = algorithm
        self.parameters = parameters
    }

    /// Reads an identifier from its DER.
    package init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: identifier) { nodes in
            let algorithm = try ASN1ObjectIdentifier(derEncoded: &nodes)
            return AlgorithmIdentifier(algorithm, parameters: nodes.next().map { ASN1Any(derEncoded: $0) })
        }
    }

    /// Writes the identifier as DER.
    package func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
        try coder.appendConstructedNode(identifier: identifier) { coder in
            try coder.serialize(algorithm)
            try coder.serializeOptionalImplicitlyTagged(parameters)
        }
    }
}

extension AlgorithmIdentifier {
    /// Ed25519, for keys and their signatures (RFC 8410).
    package static let ed25519 = AlgorithmIdentifier([1, 3, 101, 112])
    /// ML-DSA-65, for keys and their signatures (RFC 9881). X509 does not know this algorithm.
    package static let mlDSA65 = AlgorithmIdentifier([2, 16, 840, 1, 101, 3, 4, 3, 18])
    /// ML-DSA-87, for keys and their signatures (RFC 9881). X509 does not know this algorithm.
    package static let mlDSA87 = AlgorithmIdentifier([2, 16, 840, 1, 101, 3, 4, 3, 19])

    /// ECDSA with SHA-256, for signatures by a key on a NIST curve (RFC 5758, 3.2).
    package static let ecdsaWithSHA256 = AlgorithmIdentifier([1, 2, 840, 10_045, 4, 3, 2])
    /// ECDSA with SHA-384, for signatures by a key on a NIST curve (RFC 5758, 3.2).
    package static let ecdsaWithSHA384 = AlgorithmIdentifier([1, 2, 840, 10_045, 4, 3, 3])
    /// ECDSA with SHA-512, for signatures by a key on a NIST curve (RFC 5758, 3.2).
    package static let ecdsaWithSHA512 = AlgorithmIdentifier([1, 2, 840, 10_045, 4, 3, 4])

    /// RSA with SHA-256 and PKCS #1 v1.5 padding, for signatures. Its parameters are NULL, and must not be absent (RFC
    /// 4055, 5).
    package static let sha256WithRSAEncryption = AlgorithmIdentifier(
        .AlgorithmIdentifier.sha256WithRSAEncryption, parameters: null)

    // Writing fails only for types that have no DER form, and NULL has one.
    private static let null = try! ASN1Any(erasing: ASN1Null())
}
