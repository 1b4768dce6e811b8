import Certificates
import Crypto
import EngineKit
import Foundation
import SecretMemory
import Syntax
import Testing
import X509

@testable import TransitEngine

@Suite struct CertificateTests {
    private func publicKey(_ name: String, of driver: TransitDriver) async throws -> Certificate.PublicKey {
        let pem = try await driver.read("keys/\(name)")["keys"]?["1"]?["public_key"]?.stringValue ?? ""
        return try Certificate.PublicKey(der: try #require(PEM.documents(in: pem, label: .publicKey)?.first))
    }

    /// A certificate for `key` by an authority that exists for this test alone.
    private func certificate(for key: Certificate.PublicKey, serial: UInt8 = 1) throws -> String {
        let authority = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(bytes: [serial]), publicKey: key,
            notValidBefore: Date(timeIntervalSince1970: 0), notValidAfter: Date(timeIntervalSince1970: 1_000_000_000),
            issuer: try DistinguishedName { CommonName("issuer") }, subject: try DistinguishedName { CommonName("subject") },
            signatureAlgorithm: .ecdsaWithSHA256, extensions: .init(), issuerPrivateKey: authority)
        return PEM.text(certificate.der, label: .certificate)
    }

    private func request(_ answer: JSONObject) throws -> [UInt8] {
        let pem = try #require(answer["csr"]?.stringValue)
        #expect(pem.hasPrefix("-----BEGIN CERTIFICATE REQUEST-----\n"))
        return try #require(PEM.documents(in: pem, label: .certificateRequest)?.first)
    }

    @Test(arguments: ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ed25519"])
    func `a request is signed by the key that it is for`(_ type: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        let answer = try await driver.write("keys/k/csr")
        #expect(answer["type"] == .string(type) && answer["name"] == "k")
        let plain = try CertificateSigningRequest(der: try request(answer))
        #expect(plain.subject == DistinguishedName() && Array(plain.attributes).isEmpty)
        #expect(plain.publicKey.isValidSignature(plain.signature, for: plain))

        let name = try DistinguishedName {
            CountryName("DE")
            CommonName("billing")
        }
        let names = try Certificate.Extensions { SubjectAlternativeNames([.dnsName("a.example")]) }
        let template = try CertificateSigningRequest(
            version: .v1, subject: name, privateKey: .init(P256.Signing.PrivateKey()),
            attributes: try .init([.init(ExtensionRequest(extensions: names))]), signatureAlgorithm: .ecdsaWithSHA256)
        let text = PEM.text(template.der, label: .certificateRequest)
        let named = try CertificateSigningRequest(der: try request(try await driver.write("keys/k/csr", ["csr": .string(text)])))
        #expect(named.subject == name && named.attributes == template.attributes)
        #expect(named.publicKey == plain.publicKey && named.publicKey != template.publicKey)
        #expect(named.publicKey.isValidSignature(named.signature, for: named))
    }

    @Test func `a request for an ML-DSA key is signed by it`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/small", ["type": "ml-dsa-65"])
        let small = try CertificateRequest(der: try request(try await driver.write("keys/small/csr")))
        #expect(small.signatureAlgorithm == .mlDSA65 && small.content.publicKey.algorithm == .mlDSA65)
        #expect(
            try MLDSA65.PublicKey(rawRepresentation: small.content.publicKey.key)
                .isValidSignature(small.signature, for: small.content.der))
        try await driver.write("keys/large", ["type": "ml-dsa-87"])
        let large = try CertificateRequest(der: try request(try await driver.write("keys/large/csr")))
        #expect(large.signatureAlgorithm == .mlDSA87 && large.content.publicKey.algorithm == .mlDSA87)
        #expect(
            try MLDSA87.PublicKey(rawRepresentation: large.content.publicKey.key)
                .isValidSignature(large.signature, for: large.content.der))
    }

    @Test func `refuses what is not a request, not a chain, and keys that no certificate can be for`() async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": "ecdsa-p256"])
        let whole = try #require(try await driver.write("keys/k/csr")["csr"]?.stringValue)
        let der = try #require(PEM.documents(in: whole, label: .certificateRequest)?.first)
        for text in [
            "nonsense", String(whole.dropLast(30)), PEM.text(der.dropLast(), label: .certificateRequest),
            PEM.text(der + [0], label: .certificateRequest), PEM.text(der, label: .certificate),
            PEM.text([0x30, 0x80, 0x00, 0x00], label: .certificateRequest),
        ] {
            #expect(
                await driver.refusal(.update, "keys/k/csr", ["csr": .string(text)])
                    == "could not parse the certificate signing request")
        }
        let certificate = try certificate(for: try await publicKey("k", of: driver))
        for text in [
            "nonsense", whole, String(certificate.dropLast(30)), certificate + PEM.text([0x30, 0x00], label: .certificate),
            PEM.text([UInt8](repeating: 0x30, count: DERForm.bytesMax + 1), label: .certificate),
        ] {
            #expect(
                await driver.refusal(.update, "keys/k/set-certificate", ["certificate_chain": .string(text)])
                    == "could not parse the certificate chain")
        }
        #expect(
            await driver.refusal(
                .update, "keys/k/set-certificate", ["certificate_chain": .string(String(repeating: certificate, count: 17))])
                == "the certificate chain is too long")
        #expect(await driver.refusal(.read, "export/certificate-chain/k")?.contains("no certificate chain") == true)
        for type in ["aes256-gcm96", "x-wing", "hmac"] {
            try await driver.write("keys/\(type)", ["type": .string(type)])
            #expect(
                await driver.refusal(.update, "keys/\(type)/csr") == "key type \(type) does not support certificates")
        }
    }

    @Test(arguments: ["ecdsa-p256", "rsa-2048"])
    func `keeps the certificate that was issued for the key, and no other`(_ type: String) async throws {
        let driver = try TransitDriver()
        try await driver.write("keys/k", ["type": .string(type)])
        let own = try certificate(for: try await publicKey("k", of: driver))
        let foreign = try certificate(for: .init(P256.Signing.PrivateKey().publicKey))
        #expect(
            await driver.refusal(.update, "keys/k/set-certificate", ["certificate_chain": .string(foreign + own)])
                == "leaf certificate public key does not match the key version selected")
        try await driver.write("keys/k/set-certificate", ["certificate_chain": .string(own + foreign)])
        #expect(try await driver.read("export/certificate-chain/k")["keys"]?["1"] == .string(own + foreign))
        try await driver.write("keys/k/rotate")
        let shown = try await driver.restarted().read("keys/k")["keys"]
        #expect(shown?["1"]?["certificate_chain"] == .string(own + foreign) && shown?["2"]?["certificate_chain"] == "")
    }

    // MARK: Imported keys

    @Test func `imports public keys of Ed25519 and ML-DSA from PEM`() async throws {
        let driver = try TransitDriver()
        let edwards = Curve25519.Signing.PrivateKey().publicKey
        let keys: [(type: String, info: SubjectPublicKeyInfo)] = [
            ("ed25519", .init(algorithm: .ed25519, key: [UInt8](edwards.rawRepresentation))),
            ("ml-dsa-65", .init(algorithm: .mlDSA65, key: [UInt8](try MLDSA65.PrivateKey().publicKey.rawRepresentation))),
            ("ml-dsa-87", .init(algorithm: .mlDSA87, key: [UInt8](try MLDSA87.PrivateKey().publicKey.rawRepresentation))),
        ]
        for (type, info) in keys {
            let pem = PEM.text(info.der, label: .publicKey)
            try await driver.write("keys/\(type)/import", ["type": .string(type), "public_key": .string(pem)])
            let shown = try await driver.read("keys/\(type)")["keys"]?["1"]?["public_key"]
            #expect(shown == .string(Base64.encode(info.key)))
            for (other, _) in keys + [("ml-kem-768", info), ("ecdsa-p256", info)] where other != type {
                let body: JSONObject = ["type": .string(other), "public_key": .string(pem)]
                #expect(await driver.refusal(.update, "keys/other/import", body) != nil)
            }
        }
    }

    @Test func `imports an Ed25519 key as PKCS 8`() async throws {
        let driver = try TransitDriver()
        let key = Curve25519.Signing.PrivateKey()
        // RFC 8410, 7: a version, the algorithm, and the seed in two octet strings.
        let prefix: [UInt8] = [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
        let der = prefix + key.rawRepresentation
        try await driver.bring("k", "ed25519", der)
        let shown = try await driver.read("keys/k")["keys"]?["1"]?["public_key"]
        #expect(shown == .string(Base64.encode([UInt8](key.publicKey.rawRepresentation))))
        #expect(await driver.refuses("n", "ed25519", seed: Array(der.dropLast())))
        #expect(await driver.refuses("n", "ed25519", seed: der + [0]))
        #expect(await driver.refuses("n", "ecdsa-p256", seed: [UInt8](repeating: 0x30, count: DERForm.bytesMax + 1)))
    }
}
