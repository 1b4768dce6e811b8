import Certificates
import Crypto
import SwiftASN1
import Testing
import X509

@Suite struct RequestTests {
    private func der(_ vector: OpenSSLVector) throws -> [UInt8] {
        try #require(PEM.documents(in: vector.request, label: .certificateRequest)?.first)
    }

    @Test(arguments: OpenSSLVector.all) func `a request is written to the bytes that it was read from`(
        _ vector: OpenSSLVector
    ) throws {
        let der = try der(vector)
        let request = try CertificateRequest(der: der)
        #expect(request.der == der)
        let key = try #require(PEM.documents(in: vector.publicKey, label: .publicKey)?.first)
        #expect(request.content.publicKey.der == key)
    }

    @Test func `a request for another key keeps the name and the attributes`() throws {
        let template = try CertificateRequest(der: der(.rsa))
        let key = P256.Signing.PrivateKey()
        let info = try SubjectPublicKeyInfo(der: [UInt8](key.publicKey.derRepresentation))
        let content = template.content.requesting(info)
        let request = CertificateRequest(
            content, signatureAlgorithm: .ecdsaWithSHA256, signature: [UInt8](try key.signature(for: content.der).derRepresentation)
        )
        let read = try CertificateSigningRequest(derEncoded: request.der)
        let original = try CertificateSigningRequest(derEncoded: template.der)
        #expect(read.subject == original.subject && read.subject.description == "CN=rsa.example,O=Example,C=DE")
        #expect(read.attributes == original.attributes && !Array(read.attributes).isEmpty)
        #expect(read.publicKey == Certificate.PublicKey(key.publicKey))
        #expect(read.publicKey.isValidSignature(read.signature, for: read))
    }

    @Test func `a request without a template has no name and no attributes`() throws {
        let key = Curve25519.Signing.PrivateKey()
        let content = CertificateRequest.Content(
            publicKey: SubjectPublicKeyInfo(algorithm: .ed25519, key: [UInt8](key.publicKey.rawRepresentation)))
        let request = CertificateRequest(
            content, signatureAlgorithm: .ed25519, signature: [UInt8](try key.signature(for: content.der)))
        let read = try CertificateSigningRequest(derEncoded: request.der)
        #expect(read.subject == DistinguishedName() && Array(read.attributes).isEmpty && read.version == .v1)
        #expect(read.publicKey.isValidSignature(read.signature, for: read))
    }

    @Test func `refuses a request that lacks something or has a wrong version`() throws {
        let key = try SubjectPublicKeyInfo(der: #require(PEM.documents(in: OpenSSLVector.p256.publicKey, label: .publicKey)?.first))
        let (zero, name, attributes): ([UInt8], [UInt8], [UInt8]) = ([0x02, 0x01, 0x00], [0x30, 0x00], [0xA0, 0x00])
        func request(_ content: [UInt8], algorithm: [UInt8] = AlgorithmIdentifier.ed25519.der) -> [UInt8] {
            DERFormTests.element(0x30, DERFormTests.element(0x30, content) + algorithm + [0x03, 0x02, 0x00, 0x01])
        }
        _ = try CertificateRequest(der: request(zero + name + key.der + attributes))
        for content in [
            [0x02, 0x01, 0x01] + name + key.der + attributes, [0x02, 0x01, 0xFF] + name + key.der + attributes,
            name + key.der + attributes, zero + key.der + attributes, zero + name + attributes, zero + name + key.der,
            zero + name + key.der + [0x30, 0x00], zero + name + key.der + [0x80, 0x00],
            zero + name + key.der + attributes + attributes,
            // Not a name.
            zero + [0x30, 0x02, 0x05, 0x00] + key.der + attributes, zero + [0x31, 0x00] + key.der + attributes,
        ] {
            #expect(throws: DERFormError.malformed) { try CertificateRequest(der: request(content)) }
        }
        let content = zero + name + key.der + attributes
        #expect(throws: DERFormError.malformed) { try CertificateRequest(der: request(content, algorithm: [])) }
        #expect(throws: DERFormError.malformed) { try CertificateRequest(der: request(content, algorithm: [0x30, 0x00])) }
    }
}
