import EngineKit
import HTTPShell
import Testing

@testable import Server  // What a configuration gives is the room's own.

@Suite("What a listener takes from proxies")
struct ListenerProxyTests {
    private func listener(_ text: String) throws -> ListenerSettings {
        var configuration = ServerConfiguration()
        try configuration.apply(text: Array("listener \"tcp\" {\ntls_disable = true\n\(text)\n}".utf8), file: "c.hcl")
        return try #require(configuration.listeners.first)
    }

    private static let proxies = "x_forwarded_for_authorized_addrs = [\"10.0.0.0/8\"]\n"

    @Test("a client certificate is taken from a header only where one is named, and only from known proxies")
    func certificateHeader() throws {
        #expect(try listener(Self.proxies).forwardedCertificate == nil)
        let rules = try #require(
            try listener(Self.proxies + "x_forwarded_for_client_cert_header = \"X-SSL-Client-Cert\"").forwardedCertificate)
        #expect(rules.header == "x-ssl-client-cert" && rules.decoders.isEmpty && rules.rejectsUnauthorized)
        #expect(rules.authorized.map { $0.contains("10.1.1.1") } == [true])
        #expect(throws: ConfigurationError.self) { try listener("x_forwarded_for_client_cert_header = \"Client-Cert\"") }
        #expect(throws: ConfigurationError.self) {
            try listener("x_forwarded_for_authorized_addrs = []\nx_forwarded_for_client_cert_header = \"Client-Cert\"")
        }
    }

    @Test(
        "the decoders have OpenBao's names and Vault's",
        arguments: [
            ("x_forwarded_for_client_cert_decoders = [\"URL\", \"PEM\"]", [ForwardedCertificate.Decoder.url, .pem]),
            ("x_forwarded_for_client_cert_decoders = [\"RFC9440\"]", [.rfc9440]),
            ("x_forwarded_for_client_cert_header_decoders = \"URL,DER\"", [.url, .pem]),
            ("x_forwarded_for_client_cert_header_decoders = \"BASE64\"", [.base64]), ("", [.rfc9440]),
        ] as [(String, [ForwardedCertificate.Decoder])])
    func decoders(text: String, expected: [ForwardedCertificate.Decoder]) throws {
        let header = "x_forwarded_for_client_cert_header = \"Client-Cert\"\n"
        #expect(try listener(Self.proxies + header + text).forwardedCertificate?.decoders == expected)
    }

    @Test(
        "is refused",
        arguments: [
            "x_forwarded_for_client_cert_header = \"X-Vault-Token\"", "x_forwarded_for_client_cert_header = \"a b\"",
            "x_forwarded_for_client_cert_header = \"X-Cert\"\nx_forwarded_for_client_cert_decoders = [\"HEX\"]",
            "proxy_protocol_behavior = \"sometimes\"", "proxy_protocol_behavior = \"deny_unauthorized\"",
            "proxy_protocol_behavior = \"allow_authorized\"\nproxy_protocol_authorized_addrs = []",
            "proxy_protocol_authorized_addrs = [\"10.0.0.0/8\"]",
            "proxy_protocol_behavior = \"use_always\"\nproxy_protocol_authorized_addrs = [\"host\"]",
            "proxy_protocol_behavior = \"use_always\"",
            "proxy_protocol_behavior = \"use_always\"\nx_forwarded_for_client_cert_header = \"Client-Cert\"",
        ])
    func refused(text: String) {
        #expect(throws: ConfigurationError.self) { try listener(Self.proxies + text) }
    }

    @Test("trusted proxies are known by their address, which a header from anybody must not replace")
    func claimedProxy() throws {
        let text = "proxy_protocol_behavior = \"use_always\"\n"
        #expect(try listener(text).proxyProtocol?.behavior == .always)
        let error = #expect(throws: ConfigurationError.self) { try listener(Self.proxies + text) }
        #expect(error.map { "\($0)" }?.contains("anybody could claim to be a trusted proxy") == true)
        let authorized = "proxy_protocol_authorized_addrs = \"10.0.0.1\"\n"
        for behavior in ["allow_authorized", "deny_unauthorized"] {
            #expect(
                try listener(Self.proxies + authorized + "proxy_protocol_behavior = \"\(behavior)\"").forwarding != nil)
        }
    }

    @Test(
        "the PROXY protocol is expected from whom Vault's names say",
        arguments: [
            ("use_always", ProxyProtocol.Behavior.always), ("allow_authorized", .authorized),
            ("deny_unauthorized", .authorizedOnly),
        ])
    func proxyProtocol(name: String, expected: ProxyProtocol.Behavior) throws {
        let text = "proxy_protocol_behavior = \"\(name)\"\nproxy_protocol_authorized_addrs = \"10.0.0.1, 10.0.1.0/24\""
        let rules = try #require(try listener(text).proxyProtocol)
        #expect(rules.behavior == expected && rules.authorized.count == 2)
        #expect(try listener("").proxyProtocol == nil)
    }

    @Test("changed certificate files are read again unless that is turned off")
    func autoReload() throws {
        func tls(_ text: String) throws -> TLSSettings? {
            var configuration = ServerConfiguration()
            let files = "tls_cert_file = \"/c\"\ntls_key_file = \"/k\"\n"
            try configuration.apply(text: Array("listener \"tcp\" {\n\(files)\(text)\n}".utf8), file: "c.hcl")
            return configuration.listeners.first?.tls
        }
        #expect(try tls("")?.reloadsChangedFiles == true)
        #expect(try tls("tls_auto_reload = false")?.reloadsChangedFiles == false)
    }
}
