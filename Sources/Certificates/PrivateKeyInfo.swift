package import SwiftASN1

/// A private key with its algorithm: PKCS #8 (RFC 5208) or its second version (RFC 5958).
///
/// It refers to the array that it was read from and copies nothing out of it, so that the caller can wipe that array.
package struct PrivateKeyInfo: DERParseable {
    /// The algorithm of the key.
    package let algorithm: AlgorithmIdentifier
    /// The key in the form of its algorithm.
    package let key: ArraySlice<UInt8>

    /// Reads a key from its DER.
    package init(derEncoded node: ASN1Node) throws {
        (algorithm, key) = try DER.sequence(node, identifier: .sequence) { nodes in
            // The version is 0, or 1 if the public key may follow.
            guard 0...1 ~= (try Int(derEncoded: &nodes)) else {
                throw ASN1Error.invalidASN1Object(reason: "an unknown version of PKCS #8")
            }
            let algorithm = try AlgorithmIdentifier(derEncoded: &nodes)
            let key = try ASN1OctetString(derEncoded: &nodes).bytes
            // The attributes [0] and the public key [1] are not needed.
            while let rest = nodes.next() { try rest.requireContextSpecific(0...1) }
            return (algorithm, key)
        }
    }

    /// The seed of an Ed25519 key (RFC 8410, 7), or nil for another algorithm or form.
    package var ed25519Seed: ArraySlice<UInt8>? {
        guard algorithm == .ed25519, let seed = try? ASN1OctetString(der: key).bytes, seed.count == 32 else { return nil }
        return seed
    }
}

extension ASN1Node {
    /// Throws unless the element has one of these context-specific tags.
    func requireContextSpecific(_ tags: ClosedRange<UInt>) throws {
        guard identifier.tagClass == .contextSpecific, tags ~= identifier.tagNumber else {
            throw ASN1Error.unexpectedFieldType(identifier)
        }
    }
}
