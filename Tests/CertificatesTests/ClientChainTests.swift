import Certificates
import Crypto
import SwiftASN1
import TestSupport
import Testing
import X509

@Suite("Chains of client certificates") struct ClientChainTests {
    private let now = 1_700_000_000

    private func read(_ certificates: Certificate...) throws -> [ClientCertificate] {
        try #require(ClientChain.read(certificates.map(TestAuthority.der)))
    }

    private func chain(_ presented: [ClientCertificate], _ roots: TestAuthority..., at moment: Int? = nil) async throws
        -> ClientChain?
    {
        let authorities = try roots.map { try ClientCertificate(der: $0.der) }
        return await ClientChain(presented, to: authorities, at: moment ?? now)
    }

    @Test("lead to the authority, also through intermediate ones in any order")
    func found() async throws {
        let root = try TestAuthority()
        let middle = try TestAuthority("Middle", under: root)
        let lower = try TestAuthority("Lower", under: middle)
        let leaf = try lower.issue("web")
        for presented in [
            try read(leaf, lower.certificate, middle.certificate), try read(leaf, middle.certificate, lower.certificate),
        ] {
            let chain = try #require(try await chain(presented, root))
            #expect(chain.certificates.map(\.commonName) == ["web", "Lower", "Middle", "Test CA"])
            #expect(chain.issued.map { $0.issuer?.commonName } == ["Lower", "Middle", "Test CA"])
        }
        #expect(try await chain(try read(leaf, lower.certificate), root) == nil)
        #expect(try await chain(try read(leaf, lower.certificate), root, middle) != nil)
    }

    @Test("do not lead to another authority of the same name")
    func sameName() async throws {
        let (root, other) = (try TestAuthority(), try TestAuthority())
        #expect(try await chain(try read(try root.issue("web")), other) == nil)
        #expect(try await chain(try read(try root.issue("web")), other, root) != nil)
        // The client cannot bring the authority along.
        #expect(try await chain(try read(try other.issue("web"), other.certificate), root) == nil)
    }

    @Test("end with the dates of each certificate")
    func dates() async throws {
        let root = try TestAuthority()
        let leaf = try read(try root.issue("web") { ($0.from, $0.until) = (-10, 10) })
        for (offset, isGood) in [(-11, false), (-10, true), (10, true), (11, false)] {
            #expect((try await chain(leaf, root, at: now + offset) != nil) == isGood, "\(offset)")
            #expect((ClientChain(configured: leaf[0], at: now + offset) != nil) == isGood, "\(offset)")
        }
        #expect(
            try await chain(try read(try root.issue("web") { $0.until = 86_400 * 9_000 }), root, at: now + 86_400 * 4_000) == nil)
    }

    @Test("need client authentication among the extended key usages, if there are any")
    func usages() async throws {
        let root = try TestAuthority()
        let cases: [([ExtendedKeyUsage.Usage]?, Bool)] = [
            (nil, true), ([.clientAuth], true), ([.any], true), ([.serverAuth, .clientAuth], true), ([.serverAuth], false),
            ([.codeSigning, .ocspSigning], false),
        ]
        for (usages, isGood) in cases {
            let leaf = try read(try root.issue("web") { $0.usages = usages })
            #expect((try await chain(leaf, root) != nil) == isGood, "\(String(describing: usages))")
            #expect((ClientChain(configured: leaf[0], at: now) != nil) == isGood)
            #expect(leaf[0].isForClients == isGood)
        }
    }

    @Test("do not go through a certificate that may not issue others")
    func issuers() async throws {
        let root = try TestAuthority()
        let noCA = try TestAuthority("Leaf", under: root, constraints: .notCertificateAuthority)
        #expect(try await chain(try read(try noCA.issue("web"), noCA.certificate), root) == nil)
        let noSigner = try TestAuthority("Leaf", under: root, usage: KeyUsage(digitalSignature: true))
        #expect(try await chain(try read(try noSigner.issue("web"), noSigner.certificate), root) == nil)
        let short = try TestAuthority("Short", under: root, constraints: .isCertificateAuthority(maxPathLength: 0))
        let below = try TestAuthority("Below", under: short)
        #expect(try await chain(try read(try short.issue("web"), short.certificate), root) != nil)
        #expect(try await chain(try read(try below.issue("web"), below.certificate, short.certificate), root) == nil)
    }

    @Test("do not go through a client's certificate of version 1, which has no constraints")
    func versionOne() async throws {
        let root = try TestAuthority()
        let key = P256.Signing.PrivateKey()
        let client = try root.issue("mallory") { ($0.version, $0.key) = (.v1, key) }
        #expect(try await chain(try read(client), root) != nil)
        // What the holder of that key signs as an authority named like its certificate.
        let forged = try TestAuthority("mallory", key: key).issue("admin")
        #expect(try await chain(try read(forged, client), root) == nil)
    }

    @Test("are refused with a critical extension that nobody understands")
    func critical() async throws {
        let root = try TestAuthority()
        let strange = Certificate.Extension(oid: [1, 3, 6, 1, 4, 1, 99_999, 1], critical: true, value: [5, 0])
        #expect(try await chain(try read(try root.issue("web") { $0.more = [strange] }), root) == nil)
        let harmless = Certificate.Extension(oid: [1, 3, 6, 1, 4, 1, 99_999, 1], critical: false, value: [5, 0])
        #expect(try await chain(try read(try root.issue("web") { $0.more = [harmless] }), root) != nil)
    }

    @Test("are bounded in length, also where one key certifies itself many times")
    func bounds() async throws {
        let root = try TestAuthority()
        let leaf = TestAuthority.der(try root.issue("web"))
        #expect(ClientChain.read([]) == nil)
        #expect(ClientChain.read([[UInt8]](repeating: leaf, count: ClientChain.countMax)) != nil)
        #expect(ClientChain.read([[UInt8]](repeating: leaf, count: ClientChain.countMax + 1)) == nil)
        #expect(ClientChain.read([leaf, [0x30, 0]]) == nil)
        let key = P256.Signing.PrivateKey()
        let loops = try (0..<6).map { _ in try TestAuthority("Loop", key: key).der }
        let way = try TestAuthority("Loop", under: root, key: key)
        let client = TestAuthority.der(try way.issue("web"))
        // A third certificate of one key is not looked at, though it would lead to the authority.
        #expect(try await chain(try #require(ClientChain.read([client] + loops + [way.der])), root) == nil)
        #expect(try await chain(try #require(ClientChain.read([client, way.der] + loops)), root) != nil)
    }

    @Test("are refused with a key of RSA that makes verifying long")
    func largeKeys() throws {
        let root = try TestAuthority()
        func certificate(bits: Int) throws -> [UInt8] {
            var coder = DER.Serializer()
            try coder.appendConstructedNode(identifier: .sequence) { coder in
                try coder.appendConstructedNode(identifier: .sequence) { coder in
                    try coder.serialize([1, 2, 840, 113_549, 1, 1, 1] as ASN1ObjectIdentifier)
                    coder.appendPrimitiveNode(identifier: .null) { _ in }
                }
                coder.appendPrimitiveNode(identifier: .bitString) { bytes in
                    var key = DER.Serializer()
                    key.appendConstructedNode(identifier: .sequence) { key in
                        let modulus = [0x80] + [UInt8](repeating: 0xA5, count: bits / 8 - 1)
                        key.appendPrimitiveNode(identifier: .integer) { $0 += [0] + modulus }
                        key.appendPrimitiveNode(identifier: .integer) { $0 += [1, 0, 1] }
                    }
                    bytes += [0] + key.serializedBytes
                }
            }
            return TestAuthority.der(
                try Certificate(
                    version: .v3, serialNumber: .init(), publicKey: .init(derEncoded: coder.serializedBytes),
                    notValidBefore: root.certificate.notValidBefore,
                    notValidAfter: root.certificate.notValidAfter, issuer: root.certificate.subject,
                    subject: root.certificate.subject,
                    signatureAlgorithm: .ecdsaWithSHA256, extensions: .init(), issuerPrivateKey: .init(root.key)))
        }
        for bits in [2_048, 4_096, 8_192] { #expect(ClientChain.read([try certificate(bits: bits)]) != nil, "\(bits)") }
        // The library may refuse to make one.
        for bits in [8_448, 16_384] { #expect((try? certificate(bits: bits)).flatMap { ClientChain.read([$0]) } == nil, "\(bits)") }
    }

    @Test("name what Vault shows of a certificate")
    func shown() async throws {
        let root = try TestAuthority()
        let text = Certificate.Extension(oid: [1, 2, 3, 4], critical: false, value: [0x0C, 3, 0x61, 0x62, 0x63])
        let odd = Certificate.Extension(oid: [1, 2, 3, 5], critical: false, value: [0x30, 0])
        let leaf = try read(
            try root.issue("web") {
                $0.serial = .init(bytes: [0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00])
                $0.units = ["a", "b"]
                $0.alternatives = [.dnsName("a.example"), .rfc822Name("a@b.example"), .uniformResourceIdentifier("spiffe://a/b")]
                ($0.more, $0.responder) = ([text, odd], "http://ocsp.example")
            })[0]
        #expect(leaf.commonName == "web" && leaf.serialText == "18446744073709551616")
        #expect(leaf.organizationalUnits == ["a", "b"] && leaf.dnsNames == ["a.example"])
        #expect(leaf.emailAddresses == ["a@b.example"] && leaf.uris == ["spiffe://a/b"])
        #expect(leaf.authorityKeyID.utf8.count == 59 && leaf.subjectKeyID != leaf.authorityKeyID)
        let authority = try ClientCertificate(der: root.der)
        #expect(leaf.authorityKeyID == authority.subjectKeyID)
        #expect(
            leaf.extensionText("1.2.3.4") == "abc" && leaf.extensionText("1.2.3.5") == "" && leaf.extensionText("1.2.3.6") == nil)
        #expect(leaf.ocspServers == ["http://ocsp.example"])
        #expect(!leaf.isAuthority && authority.isAuthority)
    }
}
