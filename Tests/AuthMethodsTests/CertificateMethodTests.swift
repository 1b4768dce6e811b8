import AuthMethods
import EngineKit
import Outbound
import SwiftASN1
import Syntax
import TestSupport
import Testing
import X509

/// A mount of the certificate method with the servers that it asks.
struct CertificateMount {
    let driver: AuthDriver
    let outbound: FakeOutbound
    let authority: TestAuthority

    init(
        _ fields: JSONObject = [:], authority: TestAuthority = TestCertificates.authority, outbound: FakeOutbound = FakeOutbound()
    ) async throws {
        self.authority = authority
        self.outbound = outbound
        driver = try AuthDriver(
            CertificateMethod.description(outbound: outbound), time: ManualTime(Timestamp(seconds: authority.now)))
        try await write("app", fields)
    }

    func write(_ name: String, _ fields: JSONObject = [:], pem: String? = nil) async throws {
        try await driver.send(
            .update, "certs/" + name,
            JSONObject([.init(key: "certificate", value: .string(pem ?? authority.pem))] + fields.members))
    }

    func grant(_ chain: Certificate..., name: String? = nil) async throws -> AuthGrant {
        var driver = driver
        driver.certificateChain = chain.map(TestAuthority.der)
        return try await driver.grant("login", name.map { ["name": .string($0)] } ?? [:])
    }

    /// The text of the refusal; nil if there was none.
    func refusal(_ chain: Certificate..., name: String? = nil) async -> String? {
        var driver = driver
        driver.certificateChain = chain.map(TestAuthority.der)
        return await driver.refusal(.update, "login", name.map { ["name": .string($0)] } ?? [:])?.message
    }

    func renewal(of grant: AuthGrant, _ chain: Certificate...) async throws -> AuthGrant {
        let method = try #require(driver.method as? any AuthMethod)
        return try await method.renewal(
            of: HeldLogin(metadata: grant.metadata, facts: grant.facts, certificateChain: chain.map(TestAuthority.der)))
    }
}

private let noChain = "invalid certificate or no client certificate supplied"
private let noMatch = "no chain matching all constraints could be found for this login certificate"

@Suite("Certificate logins") struct CertificateMethodTests {
    private let root = TestCertificates.authority

    @Test("tell who logged in by which certificate")
    func metadata() async throws {
        let mount = try await CertificateMount(["token_policies": "dev", "allowed_metadata_extensions": ["1.2.3.4", "1.2.3.5"]])
        let leaf = try root.issue("web") {
            $0.serial = .init(bytes: [1, 0])
            $0.more = [
                .init(oid: [1, 2, 3, 4], critical: false, value: [0x0C, 2, 0x68, 0x69]),
                .init(oid: [1, 2, 3, 5], critical: false, value: [0x30, 0]),
            ]
        }
        let grant = try await mount.grant(leaf)
        #expect(grant.aliasName == "web" && grant.policies == ["dev"] && grant.displayName == "cert-app")
        #expect(grant.metadata["cert_name"] == "app" && grant.metadata["common_name"] == "web")
        #expect(grant.metadata["serial_number"] == "256" && grant.metadata["authority_key_id"]?.contains(":") == true)
        #expect(grant.metadata["1-2-3-4"] == "hi" && grant.metadata["1-2-3-5"] == "3000")
        #expect(grant.aliasMetadata.isEmpty)
        try await mount.driver.send(.update, "config", ["enable_identity_alias_metadata": true])
        #expect(try await mount.grant(leaf).aliasMetadata == grant.metadata)
    }

    @Test("need a certificate whose chain leads to the entry's authority")
    func chains() async throws {
        let mount = try await CertificateMount()
        #expect(await mount.refusal() == noChain)
        #expect(await mount.refusal(try TestAuthority().issue("app")) == noChain)
        #expect(await mount.refusal(try root.issue("app"), name: "nobody") == noChain)
        let middle = try TestAuthority("Middle", under: root)
        #expect(await mount.refusal(try middle.issue("app")) == noChain)
        #expect(await mount.refusal(try middle.issue("app"), middle.certificate) == nil)
        var driver = mount.driver
        driver.certificateChain = [[0x30, 0x00]]
        #expect(await driver.refusal(.update, "login")?.message == noChain)
    }

    @Test("of another mount's authority are refused")
    func otherMount() async throws {
        let other = try TestAuthority("Other CA")
        let (one, two) = (try await CertificateMount(), try await CertificateMount(authority: other))
        let (mine, theirs) = (try root.issue("app"), try other.issue("app"))
        #expect(await one.refusal(mine) == nil)
        #expect(await two.refusal(theirs) == nil)
        #expect(await one.refusal(theirs) == noChain)
        #expect(await two.refusal(mine) == noChain)
    }

    @Test("with an entry for one certificate take that one alone, and none with its key, names and numbers")
    func oneCertificate() async throws {
        let key = try TestAuthority("x").key
        let leaf = try root.issue("app") { ($0.key, $0.serial) = (key, .init(bytes: [5])) }
        let twin = try root.issue("app") { ($0.key, $0.serial, $0.until) = (key, .init(bytes: [5]), 86_400 * 60) }
        let mount = try await CertificateMount()
        try await mount.driver.send(.delete, "certs/app")
        try await mount.write("one", pem: TestAuthority.pem(TestAuthority.der(leaf), "CERTIFICATE"))
        #expect(await mount.refusal(leaf) == nil)
        #expect(await mount.refusal(twin) == noChain)
        #expect(await mount.refusal(try root.issue("other"), leaf) == noChain)
        mount.driver.time.advance(seconds: 86_400 * 31)
        #expect(await mount.refusal(leaf) == noChain)
    }

    @Test(
        "meet the constraints of the entry",
        arguments: [
            ("allowed_names", ["web"], true), ("allowed_names", ["w*"], true), ("allowed_names", ["*.example"], true),
            ("allowed_names", ["spiffe://*/b"], true), ("allowed_names", ["x", "a@b.example"], true),
            ("allowed_names", ["x*"], false),
            ("allowed_common_names", ["web"], true), ("allowed_common_names", ["a.example"], false),
            ("allowed_common_names", ["WEB"], false), ("allowed_dns_sans", ["a.*"], true), ("allowed_dns_sans", ["web"], false),
            ("allowed_email_sans", ["*@b.example"], true), ("allowed_email_sans", ["*@c.example"], false),
            ("allowed_uri_sans", ["spiffe://a/*"], true), ("allowed_uri_sans", ["spiffe://b/*"], false),
            ("allowed_organizational_units", ["ops"], true), ("allowed_organizational_units", ["dev*"], false),
            ("required_extensions", ["1.2.3.4:h*"], true), ("required_extensions", ["1.2.3.4:x*"], false),
            ("required_extensions", ["1.2.3.4:hi", "1.2.3.9:*"], false), ("required_extensions", ["hex:1.2.3.5:3000"], true),
            ("required_extensions", ["hex:1.2.3.5:30*"], true), ("required_extensions", ["hex:1.2.3.5:31*"], false),
        ] as [(String, [String], Bool)])
    func constraints(field: String, patterns: [String], isAllowed: Bool) async throws {
        let mount = try await CertificateMount(JSONObject([.init(key: field, value: .strings(patterns))]))
        let leaf = try root.issue("web") {
            $0.units = ["ops"]
            $0.alternatives = [.dnsName("a.example"), .rfc822Name("a@b.example"), .uniformResourceIdentifier("spiffe://a/b")]
            $0.more = [
                .init(oid: [1, 2, 3, 4], critical: false, value: [0x0C, 2, 0x68, 0x69]),
                .init(oid: [1, 2, 3, 5], critical: false, value: [0x30, 0]),
            ]
        }
        #expect(await mount.refusal(leaf) == (isAllowed ? nil : noMatch))
        // A certificate without any of it meets none.
        #expect(await mount.refusal(try root.issue("")) == noMatch)
    }

    @Test("fall through to the next entry that accepts the certificate")
    func entries() async throws {
        let mount = try await CertificateMount(["allowed_common_names": ["nobody"]])
        try await mount.write("web", ["allowed_common_names": ["web"], "display_name": "front"])
        let grant = try await mount.grant(try root.issue("web"))
        #expect(grant.metadata["cert_name"] == "web" && grant.displayName == "cert-front")
        #expect(await mount.refusal(try root.issue("web"), name: "app") == noMatch)
        #expect(try await mount.grant(try root.issue("web"), name: "WEB").metadata["cert_name"] == "web")
    }

    @Test(
        "refuse entries that make no sense",
        arguments: [
            ["certificate": "canary"], ["certificate": ""], [:], ["required_extensions": ["canary"]],
            ["required_extensions": ["a.b:c"]],
            ["allowed_metadata_extensions": ["canary"]], ["ocsp_servers_override": ["canary"]], ["ocsp_ca_certificates": "canary"],
            ["ocsp_max_retries": 11], ["allowed_names": .strings([String](repeating: "x", count: 257))],
        ] as [JSONObject])
    func badEntries(fields: JSONObject) async throws {
        let mount = try await CertificateMount()
        let body =
            fields["certificate"] == nil && !fields.isEmpty
            ? JSONObject([.init(key: "certificate", value: .string(root.pem))] + fields.members) : fields
        let refusal = await mount.driver.refusal(.update, "certs/new", body)
        #expect(refusal?.code == .invalidRequest && refusal?.message.contains("canary") == false)
        #expect(try await mount.driver.keys("certs") == ["app"])
    }

    @Test("refuse an entry for a certificate that is not for clients")
    func serverCertificate() async throws {
        let mount = try await CertificateMount()
        let server = try root.issue("server") { $0.usages = [.serverAuth] }
        let pem = TestAuthority.pem(TestAuthority.der(server), "CERTIFICATE")
        #expect(
            await mount.driver.refusal(.update, "certs/s", ["certificate": .string(pem)])?.message
                == "nonCA certificates should have TLS client authentication set as an extended key usage")
    }
}

@Suite("Renewals of certificate logins") struct CertificateRenewalTests {
    private let root = TestCertificates.authority

    @Test("need the certificate of the login, not another of the same authority and name")
    func binding() async throws {
        let mount = try await CertificateMount(["token_policies": "dev"])
        let (leaf, other) = (try root.issue("web"), try root.issue("web"))
        let grant = try await mount.grant(leaf)
        #expect(try await mount.renewal(of: grant, leaf).aliasName == "web")
        await #expect(throws: CofferError.self) { try await mount.renewal(of: grant, other) }
        await #expect(throws: CofferError.self) { try await mount.renewal(of: grant, other, leaf) }
        await #expect(throws: CofferError.self) { try await mount.renewal(of: grant) }
        try await mount.driver.send(.update, "config", ["disable_binding": true])
        #expect(try await mount.renewal(of: grant).policies == ["dev"])
    }

    @Test("ask again whether the certificate is accepted")
    func again() async throws {
        let mount = try await CertificateMount()
        let leaf = try root.issue("web") { $0.until = 600 }
        let grant = try await mount.grant(leaf)
        try await mount.write("app", ["allowed_common_names": ["other"]])
        await #expect(throws: CofferError.self) { try await mount.renewal(of: grant, leaf) }
        try await mount.write("app", ["allowed_common_names": []])
        _ = try await mount.renewal(of: grant, leaf)
        try await mount.driver.send(
            .update, "crls/a", ["crl": .string(Base64.encode(try root.revocationList([leaf.serialNumber])))])
        await #expect(throws: CofferError.self) { try await mount.renewal(of: grant, leaf) }
        try await mount.driver.send(.delete, "crls/a")
        _ = try await mount.renewal(of: grant, leaf)
        mount.driver.time.advance(seconds: 601)
        await #expect(throws: CofferError.self) { try await mount.renewal(of: grant, leaf) }
    }
}
