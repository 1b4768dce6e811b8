import Certificates
import Crypto
import CryptoExtras
import SwiftASN1
import Syntax
import Testing

@Suite struct KeyTests {
    private func key(_ vector: OpenSSLVector) throws -> [UInt8] {
        try #require(PEM.documents(in: vector.publicKey, label: .publicKey)?.first)
    }

    @Test(arguments: OpenSSLVector.all) func `a public key is written to the bytes that it was read from`(
        _ vector: OpenSSLVector
    ) throws {
        let der = try key(vector)
        let info = try SubjectPublicKeyInfo(der: der)
        #expect(info.der == der)
        #expect(SubjectPublicKeyInfo(algorithm: info.algorithm, key: info.key) == info)
    }

    @Test func `knows the algorithms by their numbers`() throws {
        #expect(try SubjectPublicKeyInfo(der: key(.ed25519)).algorithm == .ed25519)
        #expect(try SubjectPublicKeyInfo(der: key(.p256)).algorithm != .ed25519)
        // RFC 9881, and the AlgorithmIdentifiers that Go and OpenSSL write.
        #expect(AlgorithmIdentifier.mlDSA65.der == Hex.decode("300b0609608648016503040312"))
        #expect(AlgorithmIdentifier.mlDSA87.der == Hex.decode("300b0609608648016503040313"))
        #expect(AlgorithmIdentifier.ecdsaWithSHA256.der == Hex.decode("300a06082a8648ce3d040302"))
        #expect(AlgorithmIdentifier.ecdsaWithSHA384.der == Hex.decode("300a06082a8648ce3d040303"))
        #expect(AlgorithmIdentifier.ecdsaWithSHA512.der == Hex.decode("300a06082a8648ce3d040304"))
        #expect(AlgorithmIdentifier.sha256WithRSAEncryption.der == Hex.decode("300d06092a864886f70d01010b0500"))
    }

    @Test func `Ed25519 has no parameters, not even NULL`() throws {
        let raw = try SubjectPublicKeyInfo(der: key(.ed25519))
        let withNull = SubjectPublicKeyInfo(
            algorithm: AlgorithmIdentifier(raw.algorithm.algorithm, parameters: try ASN1Any(erasing: ASN1Null())), key: raw.key)
        #expect(try SubjectPublicKeyInfo(der: withNull.der) == withNull)
        #expect(withNull.algorithm != .ed25519)
    }

    @Test func `refuses a public key that ends within a byte, or has a wrong form`() throws {
        let algorithm = AlgorithmIdentifier.ed25519.der
        for content in [
            algorithm + [0x03, 0x02, 0x01, 0x02],  // a bit too few
            algorithm + [0x03, 0x00], algorithm + [0x04, 0x02, 0x00, 0x01], algorithm,
            algorithm + [0x03, 0x02, 0x00, 0x01, 0x05, 0x00], [0x03, 0x02, 0x00, 0x01] + algorithm,
            [0x30, 0x00, 0x03, 0x02, 0x00, 0x01], [0x30, 0x02, 0x05, 0x00, 0x03, 0x02, 0x00, 0x01],
            [0x30, 0x02, 0x06, 0x00, 0x03, 0x02, 0x00, 0x01],
        ] {
            #expect(throws: DERFormError.malformed) { try SubjectPublicKeyInfo(der: DERFormTests.element(0x30, content)) }
        }
        #expect(throws: DERFormError.malformed) { try SubjectPublicKeyInfo(der: DERFormTests.element(0x31, try key(.ed25519))) }
    }

    @Test func `writes a private key of a curve as OpenSSL does`() throws {
        let scalars = [
            (OpenSSLVector.p256, try P256.Signing.PrivateKey(pemRepresentation: PrivateKeyVector.p256).rawRepresentation),
            (.p384, try P384.Signing.PrivateKey(pemRepresentation: PrivateKeyVector.p384).rawRepresentation),
            (.p521, try P521.Signing.PrivateKey(pemRepresentation: PrivateKeyVector.p521).rawRepresentation),
        ]
        let expected = [PrivateKeyVector.p256, PrivateKeyVector.p384, PrivateKeyVector.p521]
        for ((vector, scalar), text) in zip(scalars, expected) {
            let info = try SubjectPublicKeyInfo(der: key(vector))
            let written = ECPrivateKey(scalar: [UInt8](scalar), publicKey: info).der
            #expect(PEM.text(written, label: .ecPrivateKey) == text)
        }
    }

    // MARK: PKCS #8

    private static let seed = [UInt8](1...32)

    private func pkcs8(
        version: [UInt8] = [0x02, 0x01, 0x00], algorithm: [UInt8] = AlgorithmIdentifier.ed25519.der, key: [UInt8]? = nil,
        more: [UInt8] = []
    ) -> [UInt8] {
        let key = key ?? DERFormTests.element(0x04, DERFormTests.element(0x04, Self.seed))
        return DERFormTests.element(0x30, version + algorithm + key + more)
    }

    @Test func `finds the seed of an Ed25519 key`() throws {
        // The tests have no label for PKCS #8, which comes wrapped and not as PEM.
        let body = PrivateKeyVector.ed25519.split(separator: "\n").dropFirst().dropLast().joined()
        let der = try #require(Base64.decode(body))
        let seed = try #require(try PrivateKeyInfo(der: der).ed25519Seed)
        let made = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        #expect([UInt8](made.publicKey.rawRepresentation) == (try SubjectPublicKeyInfo(der: key(.ed25519)).key))

        #expect(try PrivateKeyInfo(der: pkcs8()).ed25519Seed.map(Array.init) == Self.seed)
        // Version 2, with attributes and the public key.
        let more = DERFormTests.element(0xA0, []) + DERFormTests.element(0x81, [0] + Self.seed)
        let second = try PrivateKeyInfo(der: pkcs8(version: [0x02, 0x01, 0x01], more: more))
        #expect(second.ed25519Seed.map(Array.init) == Self.seed)
    }

    @Test func `finds no seed in a key of another algorithm or form`() throws {
        let body = PrivateKeyVector.ecdsa.split(separator: "\n").dropFirst().dropLast().joined()
        #expect(try PrivateKeyInfo(der: try #require(Base64.decode(body))).ed25519Seed == nil)
        #expect(try PrivateKeyInfo(der: pkcs8(algorithm: AlgorithmIdentifier.mlDSA65.der)).ed25519Seed == nil)
        for inner in [
            Self.seed, [], DERFormTests.element(0x04, Array(Self.seed.dropLast())), DERFormTests.element(0x03, Self.seed),
            DERFormTests.element(0x04, Self.seed + [1]), DERFormTests.element(0x04, Self.seed) + [0],
        ] {
            #expect(try PrivateKeyInfo(der: pkcs8(key: DERFormTests.element(0x04, inner))).ed25519Seed == nil)
        }
    }

    @Test func `refuses another version of PKCS 8, and what does not belong to it`() {
        for der in [
            pkcs8(version: [0x02, 0x01, 0x02]), pkcs8(version: [0x02, 0x01, 0xFF]), pkcs8(version: [0x02, 0x09] + [UInt8](1...9)),
            pkcs8(version: [0x02, 0x02, 0x00, 0x01]), pkcs8(version: [0x02, 0x00]), pkcs8(version: []), pkcs8(algorithm: []),
            pkcs8(key: []), pkcs8(key: [0x24, 0x00]), pkcs8(more: [0x05, 0x00]), pkcs8(more: [0xA2, 0x00]),
        ] {
            #expect(throws: DERFormError.malformed) { try PrivateKeyInfo(der: der) }
        }
    }
}
