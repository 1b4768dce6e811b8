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
