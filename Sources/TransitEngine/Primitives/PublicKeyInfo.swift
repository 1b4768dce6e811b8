/// SubjectPublicKeyInfo and signature algorithms of X.509.
enum PublicKeyInfo {
    private static let ed25519: [UInt8] = [0x2B, 0x65, 0x70]
    /// 2.16.840.1.101.3.4.3, NIST's signature algorithms; 18 is ML-DSA-65 and 19 is ML-DSA-87 (RFC 9881).
    private static func mlDSA(_ type: KeyType) -> [UInt8] {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, type == .mlDSA65 ? 18 : 19]
    }

    /// nil for a key that no certificate can have here.
    static func der(of version: KeyVersion) -> [UInt8]? {
        switch version.type.family {
        case .ecdsa, .rsa: version.publicKey
        case .ed25519: der(ed25519, version.publicKey)
        case .mlDSA: der(mlDSA(version.type), version.publicKey)
        case .cipher, .hmac, .kem: nil
        }
    }

    private static func der(_ algorithm: [UInt8], _ key: [UInt8]) -> [UInt8] {
        DER.make(DER.sequence, DER.make(DER.sequence, DER.make(DER.objectIdentifier, algorithm)), DER.bits(key))
    }

    /// The AlgorithmIdentifier of what ``CertificateRequest`` signs with, and its hash.
    static func signature(_ type: KeyType) -> (identifier: [UInt8], hash: HashAlgorithm?)? {
        func ecdsa(_ last: UInt8) -> [UInt8] {
            DER.make(DER.sequence, DER.make(DER.objectIdentifier, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, last]))
        }
        switch type {
        case .p256: return (ecdsa(2), .sha256)
        case .p384: return (ecdsa(3), .sha384)
        case .p521: return (ecdsa(4), .sha512)
        case .rsa2048, .rsa3072, .rsa4096:
            let identifier = DER.make(DER.objectIdentifier, [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B])
            return (DER.make(DER.sequence, identifier, DER.make(DER.null)), .sha256)
        case .ed25519: return (DER.make(DER.sequence, DER.make(DER.objectIdentifier, ed25519)), nil)
        case .mlDSA65, .mlDSA87: return (DER.make(DER.sequence, DER.make(DER.objectIdentifier, mlDSA(type))), nil)
        default: return nil
        }
    }

    /// The seed in the PKCS #8 of an Ed25519 key (RFC 8410); nil for anything else.
    static func ed25519Seed(pkcs8 der: [UInt8]) -> ArraySlice<UInt8>? {
        guard let parts = DER.read(der)?.children, parts.count >= 3,
            parts[1].children?.first?.content.elementsEqual(ed25519) == true,
            parts[2].tag == DER.octetString, let seed = DER.read(Array(parts[2].content)), seed.tag == DER.octetString,
            seed.content.count == 32
        else { return nil }
        return seed.content
    }

    /// The raw key in the SubjectPublicKeyInfo of an Ed25519 or ML-DSA key; nil for anything else.
    static func rawKey(_ der: [UInt8], _ type: KeyType) -> [UInt8]? {
        let wanted = type == .ed25519 ? ed25519 : mlDSA(type)
        guard let parts = DER.read(der)?.children, parts.count == 2,
            parts[0].children?.first?.content.elementsEqual(wanted) == true,
            parts[1].tag == DER.bitString, parts[1].content.first == 0
        else { return nil }
        return Array(parts[1].content.dropFirst())
    }

    /// SEC 1's private key (RFC 5915), as other tools read it.
    static func sec1(_ type: KeyType, scalar: [UInt8], publicDER: [UInt8]) -> [UInt8] {
        let parts = DER.read(publicDER)?.children ?? []
        let curve = parts.first?.children?.last.map { Array($0.whole) } ?? []
        let point = parts.last.map { Array($0.whole) } ?? []
        return DER.make(
            DER.sequence, DER.make(DER.integer, [1]), DER.make(DER.octetString, scalar), DER.make(0xA0, curve),
            DER.make(0xA1, point))
    }
}
