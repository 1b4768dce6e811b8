package import SwiftASN1

/// A public key with its algorithm (RFC 5280, 4.1.2.7), as a "PUBLIC KEY" in PEM holds it.
package struct SubjectPublicKeyInfo: DERImplicitlyTaggable, Hashable, Sendable {
    package static var defaultIdentifier: ASN1Identifier { .sequence }

    package let algorithm: AlgorithmIdentifier
    /// Raw bytes for Ed25519 and ML-DSA, a point for ECDSA, DER for RSA.
    package let key: [UInt8]

    package init(algorithm: AlgorithmIdentifier, key: [UInt8]) {
        self.algorithm = algorithm
        self.key = key
    }

    package init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: identifier) { nodes in
            let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
            return SubjectPublicKeyInfo(algorithm: algorithm, key: Array(try ASN1BitString(wholeBytes: &nodes).bytes))
        }
    }

    package func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
        try coder.appendConstructedNode(identifier: identifier) { coder in
            try coder.serialize(algorithm)
            try coder.serialize(ASN1BitString(bytes: key[...]))
        }
    }
}

extension ASN1BitString {
    /// Reads a bit string that is a string of bytes, as keys and signatures are.
    init(wholeBytes nodes: inout ASN1NodeCollection.Iterator) throws {
        try self.init(derEncoded: &nodes)
        guard paddingBits == 0 else {
            throw ASN1Error.invalidASN1Object(reason: "a key or signature that ends within a byte")
        }
    }
}
