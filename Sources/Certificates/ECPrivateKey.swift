package import SwiftASN1

/// A private key on one of NIST's curves: SEC 1 (RFC 5915), as an "EC PRIVATE KEY" in PEM holds it.
///
/// It is only written here; swift-crypto reads it.
package struct ECPrivateKey: DERSerializable {
    /// Big-endian, as long as the order of the curve.
    private let scalar: ArraySlice<UInt8>
    private let publicKey: SubjectPublicKeyInfo

    package init(scalar: [UInt8], publicKey: SubjectPublicKeyInfo) {
        self.scalar = scalar[...]
        self.publicKey = publicKey
    }

    package func serialize(into coder: inout DER.Serializer) throws {
        try coder.appendConstructedNode(identifier: .sequence) { coder in
            try coder.serialize(1)
            try coder.serialize(ASN1OctetString(contentBytes: scalar))
            try coder.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { coder in
                try coder.serializeOptionalImplicitlyTagged(publicKey.algorithm.parameters)
            }
            try coder.serialize(
                ASN1BitString(bytes: publicKey.key[...]), explicitlyTaggedWithTagNumber: 1, tagClass: .contextSpecific)
        }
    }
}

/// What an elliptic curve private key (RFC 5915) says of itself besides its scalar.
///
/// A reader that takes only the scalar accepts a key of another curve whose scalars have the same length.
package struct ECPrivateKeyClaims: DERParseable {
    private let curve: ASN1Any?
    private let publicKey: ArraySlice<UInt8>?

    package init(derEncoded node: ASN1Node) throws {
        (curve, publicKey) = try DER.sequence(node, identifier: .sequence) { nodes in
            guard try Int(derEncoded: &nodes) == 1 else {
                throw ASN1Error.invalidASN1Object(reason: "an unknown version of an elliptic curve private key")
            }
            _ = try ASN1OctetString(derEncoded: &nodes)
            let curve = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
                ASN1Any(derEncoded: $0)
            }
            let key = try DER.optionalExplicitlyTagged(&nodes, tagNumber: 1, tagClass: .contextSpecific) {
                try ASN1BitString(derEncoded: $0).bytes
            }
            return (curve, key)
        }
    }

    /// Returns whether the key names no other curve and contains no other public key than `expected`, whose point is uncompressed.
    package func agree(with expected: SubjectPublicKeyInfo) -> Bool {
        if let curve, curve != expected.algorithm.parameters { return false }
        guard let publicKey, let form = publicKey.first else { return true }
        guard form == 2 || form == 3 else { return publicKey.elementsEqual(expected.key) }
        let length = expected.key.count / 2
        return publicKey.dropFirst().elementsEqual(expected.key.dropFirst().prefix(length))
            && expected.key.last.map { $0 & 1 } == form & 1
    }
}
