package import SwiftASN1

/// The algorithm of a key or of a signature (RFC 5280, 4.1.1.2).
package struct AlgorithmIdentifier: DERImplicitlyTaggable, Hashable, Sendable {
    package static var defaultIdentifier: ASN1Identifier { .sequence }

    package let algorithm: ASN1ObjectIdentifier
    /// The curve of an elliptic curve key, for example; nil where there are none, which is not the same as NULL.
    package let parameters: ASN1Any?

    package init(_ algorithm: ASN1ObjectIdentifier, parameters: ASN1Any? = nil) {
        self.algorithm = algorithm
        self.parameters = parameters
    }

    package init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: identifier) { nodes in
            let algorithm = try ASN1ObjectIdentifier(derEncoded: &nodes)
            return AlgorithmIdentifier(algorithm, parameters: nodes.next().map { ASN1Any(derEncoded: $0) })
        }
    }

    package func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
        try coder.appendConstructedNode(identifier: identifier) { coder in
            try coder.serialize(algorithm)
            try coder.serializeOptionalImplicitlyTagged(parameters)
        }
    }
}

extension AlgorithmIdentifier {
    /// A key and its signatures (RFC 8410).
    package static let ed25519 = AlgorithmIdentifier([1, 3, 101, 112])
    /// A key and its signatures (RFC 9881). X509 does not know this algorithm.
    package static let mlDSA65 = AlgorithmIdentifier([2, 16, 840, 1, 101, 3, 4, 3, 18])
    /// A key and its signatures (RFC 9881). X509 does not know this algorithm.
    package static let mlDSA87 = AlgorithmIdentifier([2, 16, 840, 1, 101, 3, 4, 3, 19])

    /// A signature by a key on one of NIST's curves (RFC 5758, 3.2).
    package static let ecdsaWithSHA256 = AlgorithmIdentifier([1, 2, 840, 10_045, 4, 3, 2])
    /// A signature by a key on one of NIST's curves (RFC 5758, 3.2).
    package static let ecdsaWithSHA384 = AlgorithmIdentifier([1, 2, 840, 10_045, 4, 3, 3])
    /// A signature by a key on one of NIST's curves (RFC 5758, 3.2).
    package static let ecdsaWithSHA512 = AlgorithmIdentifier([1, 2, 840, 10_045, 4, 3, 4])

    /// A signature with PKCS #1 v1.5 padding. Its parameters are NULL, and may not be absent (RFC 4055, 5).
    package static let sha256WithRSAEncryption = AlgorithmIdentifier(
        .AlgorithmIdentifier.sha256WithRSAEncryption, parameters: null)

    // Only a type that cannot be written throws here, and NULL can.
    private static let null = try! ASN1Any(erasing: ASN1Null())
}
