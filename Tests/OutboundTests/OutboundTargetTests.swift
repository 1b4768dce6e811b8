import EngineKit
import Outbound
import TestSupport
import Testing

@Suite("Outbound targets")
struct OutboundTargetTests {
    @Test(
        "a configured target may have a private address, a foreign one may not",
        arguments: [
            "127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd12::1",
            "::ffff:10.0.0.1",
        ])
    func privateAddress(address: String) {
        #expect(AddressPolicy().allows(address, for: .configuration))
        #expect(!AddressPolicy().allows(address, for: .input))
        #expect(!AddressPolicy(exceptions: [AddressRange(address)].compactMap(\.self)).allows(address, for: .input))
    }

    @Test("any target may have a public address", arguments: ["8.8.8.8", "2606:4700::1111"])
    func publicAddress(address: String) {
        #expect(AddressPolicy().allows(address, for: .configuration))
        #expect(AddressPolicy().allows(address, for: .input))
    }

    @Test(
        "metadata services, link-local and reserved addresses are refused unless the server's configuration names them",
        arguments: [
            "169.254.169.254", "169.254.170.2", "::ffff:169.254.169.254", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
            "fd00:42::42", "100.100.100.200", "168.63.129.16", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255",
            "192.0.2.1", "198.18.0.1", "64:ff9b::a00:1", "2002:a00:1::",
        ])
    func refusedUnlessNamed(address: String) throws {
        #expect(!AddressPolicy().allows(address, for: .configuration))
        #expect(!AddressPolicy().allows(address))
        let exception = try #require(AddressRange(address))
        #expect(AddressPolicy(exceptions: [exception]).allows(address, for: .configuration))
        #expect(!AddressPolicy(exceptions: [exception]).allows(address, for: .input))
        #expect(!AddressPolicy(exceptions: [exception], denied: [exception]).allows(address, for: .configuration))
    }

    @Test("a denied range is closed to every target", arguments: ["10.1.2.3", "8.8.8.8"])
    func denied(address: String) throws {
        let policy = AddressPolicy(denied: try ["10.1.0.0/16", "8.8.0.0/16"].map { try #require(AddressRange($0)) })
        #expect(!policy.allows(address, for: .configuration) && !policy.allows(address, for: .input))
        #expect(policy.allows("10.2.0.1", for: .configuration))
    }

    @Test("what is no address is refused", arguments: ["", "idp.test", "fe80::1%eth0"])
    func noAddress(text: String) {
        #expect(!AddressPolicy(allowsPrivate: true).allows(text, for: .configuration))
    }

    @Test("a foreign target uses https, unless what it serves is signed")
    func plainHTTP() throws {
        #expect(throws: OutboundTargetError.plainHTTP) { try OutboundTarget(foreign: "http://crl.test/a.crl") }
        _ = try OutboundTarget(foreign: "http://crl.test/a.crl", isSigned: true)
        _ = try OutboundTarget(configured: "http://idp.test/")
    }

    @Test(
        "a malformed URL makes no target",
        arguments: ["", "idp.test", "https://user@idp.test/", "https://idp.test\\@evil.test/", "ftp://idp.test/"])
    func malformed(url: String) {
        #expect(throws: OutboundTargetError.malformedURL) { try OutboundTarget(configured: url) }
    }

    @Test("a path is appended to that of the URL")
    func paths() throws {
        for base in ["https://k8s.test:6443", "https://k8s.test:6443/", "https://k8s.test:6443?a=b"] {
            #expect(try OutboundTarget(configured: base).get("/apis/x").url == "https://k8s.test:6443/apis/x")
        }
        let target = try OutboundTarget(configured: "https://k8s.test/proxy/?a=b")
        #expect(target.post("apis/x", body: []).url == "https://k8s.test/proxy/apis/x")
        #expect(target.get().url == "https://k8s.test/proxy/?a=b")
        #expect(target.get().allowedHosts == ["k8s.test"])
    }

    @Test("an inner server may name another inner one, a public server may not")
    func linked() throws {
        let trust = try OutboundTrust(
            authoritiesPEM: TargetCertificates.authority, serverName: "idp.test",
            clientCertificatePEM: TargetCertificates.client, clientKeyPEM: TargetCertificates.clientKey)
        var target = try OutboundTarget(configured: "https://idp.test/.well-known/openid-configuration", trust: trust)
        target.answerBytesMax = 1_000
        var inside = OutboundReply(status: 200)
        inside.isFromPrivateAddress = true
        let outside = OutboundReply(status: 200)

        let same = try target.linked("https://idp.test/keys", in: outside)
        #expect(same.source == .configuration && same.trust == trust && same.url == "https://idp.test/keys")
        #expect(same.answerBytesMax == 1_000)
        #expect(try target.linked("https://10.0.0.1:6443/keys", in: inside).source == .configuration)
        let other = try target.linked("https://keys.test/", in: outside)
        #expect(other.source == .input)
        // What identifies Coffer to one server is not shown to another.
        #expect(other.trust == (try OutboundTrust(authoritiesPEM: TargetCertificates.authority)))
        #expect(try target.linked("https://idp.test:8443/keys", in: outside).trust == other.trust)
        #expect(throws: OutboundTargetError.plainHTTP) { try target.linked("http://idp.test/keys", in: inside) }
        #expect(throws: OutboundTargetError.malformedURL) { try target.linked("/keys", in: inside) }
        let foreign = try OutboundTarget(foreign: "https://a.test/")
        #expect(try foreign.linked("https://a.test/keys", in: inside).source == .input)
    }

    @Test("certificates and keys that cannot be used are refused when they are set")
    func trust() throws {
        #expect(throws: OutboundTargetError.badAuthorities) { try OutboundTrust(authoritiesPEM: "canary") }
        #expect(throws: OutboundTargetError.badAuthorities) { try OutboundTrust(authoritiesPEM: TargetCertificates.clientKey) }
        #expect(throws: OutboundTargetError.badAuthorities) {
            try OutboundTrust(authoritiesPEM: TargetCertificates.authority + String(repeating: "\n", count: 300_000))
        }
        #expect(throws: OutboundTargetError.badServerName) { try OutboundTrust(serverName: "a b") }
        for (certificate, key) in [
            (TargetCertificates.client, ""), ("", TargetCertificates.clientKey), ("canary", "canary"),
            (TargetCertificates.client, TargetCertificates.serverKey),
        ] {
            #expect(throws: OutboundTargetError.badClientCertificate) {
                try OutboundTrust(clientCertificatePEM: certificate, clientKeyPEM: key)
            }
        }
    }

    @Test("a target shows no private key when it is printed")
    func silence() throws {
        let target = try OutboundTarget(
            configured: "https://idp.test/",
            trust: OutboundTrust(
                clientCertificatePEM: TargetCertificates.client, clientKeyPEM: TargetCertificates.clientKey))
        var dumped = ""
        dump(target, to: &dumped)
        for text in [dumped, "\(target)", String(reflecting: target)] { #expect(!text.contains("PRIVATE KEY")) }
    }
}
