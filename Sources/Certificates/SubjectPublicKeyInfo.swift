package import SwiftASN1

/// A public key with its algorithm (RFC 5280, 4.1.2.7): the content of a "PUBLIC KEY" in PEM.
package struct SubjectPublicKeyInfo: DERImplicitlyTaggable, Hashable, Sendable {
    /// The tag of the structure: a sequence.
    package static var defaultIdentifier: ASN1Identifier { .sequence }

    /// The algorithm of the key.
    package let algorithm: AlgorithmIdentifier
    /// The key: raw bytes for Ed25519 and ML-DSA, a point for ECDSA, DER for RSA.
    package let key: [UInt8]

    /// Creates a public key.
    package init(algorithm: AlgorithmIdentifier, key: [UInt8]) {
        self.algorithm = algorithm
        self.key = key
    }

    /// Reads a public key from its DER.
    package init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
        self = try DER.sequence(node, identifier: identifier) { nodes in
            let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
            return SubjectPublicKeyInfo(algorithm: algorithm, key: Array(try ASN1BitString(wholeBytes: &nodes).bytes))
        }
    }

    /// Writes the public key as DER.
    package func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
        try coder.appendConstructedNode(identifier: identifier) { coder in
            try coder.serialize(algorithm)
            try coder.serialize(ASN1BitString(bytes: key[...]))
        }
    }
}

extension ASN1BitString {
    /// Reads a bit string whose length is a whole number of bytes, as for keys and signatures.
    init(wholeBytes nodes: inout ASN1NodeCollection.Iterator) throws {
        try self.init(derEncoded: &nodes)
        guard paddingBits == 0 else {
            throw ASN1Error.invalidASN1Object(reason: "a key or signature that ends within a byte")
        }
    }
}
