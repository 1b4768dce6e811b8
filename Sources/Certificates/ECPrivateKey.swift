package import SwiftASN1

/// A private key on a NIST curve: SEC 1 (RFC 5915), the content of an "EC PRIVATE KEY" in PEM.
///
/// This type only writes keys; swift-crypto reads them.
package struct ECPrivateKey: DERSerializable {
    /// The private number, big-endian and as long as the order of the curve.
    private let scalar: ArraySlice<UInt8>
    private let publicKey: SubjectPublicKeyInfo

    /// Creates a key from its private number and its public key.
    package init(scalar: [UInt8], publicKey: SubjectPublicKeyInfo) {
        self.scalar = scalar[...]
        self.publicKey = publicKey
    }

    /// Writes the key as DER.
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

/// What the DER of an elliptic curve private key (RFC 5915) contains besides the private number: the curve and the public
/// key.
///
/// A reader that ignores them accepts the key of another curve whose numbers have the same length.
package struct ECPrivateKeyClaims: DERParseable {
    private let curve: ASN1Any?
    private let publicKey: ArraySlice<UInt8>?

    /// Reads the curve and the public key from the DER of a private key.
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

    /// Whether the key names no other curve and contains no other public key than `expected`, whose point must be
    /// uncompressed.
    package func agree(with expected: SubjectPublicKeyInfo) -> Bool {
        if let curve, curve != expected.algorithm.parameters { return false }
        guard let publicKey, let form = publicKey.first else { return true }
        guard form == 2 || form == 3 else { return publicKey.elementsEqual(expected.key) }
        let length = expected.key.count / 2
        return publicKey.dropFirst().elementsEqual(expected.key.dropFirst().prefix(length))
            && expected.key.last.map { $0 & 1 } == form & 1
    }
}
