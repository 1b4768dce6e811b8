import Certificates
import SwiftASN1
import Testing

@Suite struct PrivateKeyClaimsTests {
    private static let scalar = [UInt8](1...32)

    private func info(_ vector: OpenSSLVector) throws -> SubjectPublicKeyInfo {
        try SubjectPublicKeyInfo(der: #require(PEM.documents(in: vector.publicKey, label: .publicKey)?.first))
    }

    private func claims(_ publicKey: SubjectPublicKeyInfo) throws -> ECPrivateKeyClaims {
        try ECPrivateKeyClaims(der: ECPrivateKey(scalar: Self.scalar, publicKey: publicKey).der)
    }

    /// An elliptic curve private key with these elements after its scalar.
    private func key(_ rest: [UInt8], version: UInt8 = 1) -> [UInt8] {
        DERFormTests.element(0x30, [0x02, 0x01, version] + DERFormTests.element(0x04, Self.scalar) + rest)
    }

    @Test func `a private key agrees with its own public key alone`() throws {
        let expected = try info(.p256)
        #expect(try claims(expected).agree(with: expected))
        var bytes = expected.key
        bytes[bytes.count - 1] ^= 1
        #expect(try !claims(SubjectPublicKeyInfo(algorithm: expected.algorithm, key: bytes)).agree(with: expected))
    }

    @Test func `a private key does not agree with a public key on another curve`() throws {
        let expected = try info(.p256)
        let other = SubjectPublicKeyInfo(algorithm: try info(.p384).algorithm, key: expected.key)
        #expect(try !claims(other).agree(with: expected))
        // secp256k1, whose scalars and points have the same lengths.
        let koblitz = AlgorithmIdentifier(
            expected.algorithm.algorithm, parameters: try ASN1Any(erasing: ASN1ObjectIdentifier(elements: [1, 3, 132, 0, 10])))
        #expect(try !claims(SubjectPublicKeyInfo(algorithm: koblitz, key: expected.key)).agree(with: expected))
    }

    @Test func `a private key may leave both out, or compress its point`() throws {
        let expected = try info(.p256)
        #expect(try ECPrivateKeyClaims(der: key([])).agree(with: expected))
        let x = expected.key.dropFirst().prefix(32)
        let sign = 2 + (expected.key.last ?? 0) & 1
        for (form, isRight) in [(sign, true), (sign ^ 1, false)] {
            let point = DERFormTests.element(0xA1, DERFormTests.element(0x03, [0, form] + x))
            #expect(try ECPrivateKeyClaims(der: key(point)).agree(with: expected) == isRight)
        }
    }

    @Test func `refuses another version, and whatever follows`() {
        for der in [key([], version: 0), key([], version: 2), key([0x05, 0x00]), key([]) + [0]] {
            #expect(throws: DERFormError.malformed) { try ECPrivateKeyClaims(der: der) }
        }
    }
}
