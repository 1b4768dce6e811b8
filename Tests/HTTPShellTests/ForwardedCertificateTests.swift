import EngineKit
import HTTPShell
import NIOSSL
import Syntax
import Testing

@Suite("Client certificates in a header of a proxy")
struct ForwardedCertificateTests {
    private let der: [UInt8]
    private let pem = TestCertificate.two.certificate

    init() throws { der = try NIOSSLCertificate(bytes: Array(TestCertificate.two.certificate.utf8), format: .pem).toDERBytes() }

    private func rules(
        _ header: String = "X-Cert", _ decoders: [ForwardedCertificate.Decoder] = [], from range: String = "127.0.0.0/8",
        strict: Bool = true
    ) -> ForwardedCertificate {
        ForwardedCertificate(
            header: header, decoders: decoders, authorized: [AddressRange(range)].compactMap(\.self), rejectsUnauthorized: strict)
    }

    private func ask(_ rules: ForwardedCertificate?, _ headers: String) async throws -> String {
        nonisolated(unsafe) var reply = ""
        try await LiveShell.run([WhoDialect()], { $0.forwardedCertificate = rules }) { live in
            reply = try await live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\n\(headers)Connection: close\r\n\r\n")
        }
        return reply
    }

    private var escaped: String { PercentEncoding.component(pem) }
    private var base64: String { Base64.encode(der) }

    @Test("decodes what proxies send")
    func decodes() {
        #expect(rules(decoders()).decode(base64) == der)
        #expect(rules(decoders(.base64)).decode(base64) == der)
        #expect(rules(decoders(.rfc9440)).decode(":\(base64):") == der)
        #expect(rules(decoders(.url, .pem)).decode(escaped) == der)
        #expect(rules(decoders(.url)).decode(PercentEncoding.component(base64)) == der)
        #expect(rules(decoders(.base64, .pem)).decode(Base64.encode(Array(pem.utf8))) == der)
        // A plus sign that is not escaped stays one.
        #expect(rules(decoders(.url)).decode(base64) == der)
    }

    private func decoders(_ decoders: ForwardedCertificate.Decoder...) -> [ForwardedCertificate.Decoder] { decoders }
    private func rules(_ decoders: [ForwardedCertificate.Decoder]) -> ForwardedCertificate { rules("X-Cert", decoders) }

    @Test("refuses what is no certificate in the form that is configured")
    func malformed() {
        for value in ["", "canary", ":\(base64)", base64, ":\(base64):;a=b", ":\(base64):, :\(base64):", "::", ":", ":====:"] {
            #expect(rules([.rfc9440]).decode(value) == nil)
        }
        for value in [":\(base64):", base64 + base64, Base64.encode(der + [0]), Base64.encode(Array(der.dropLast())), "MA"] {
            #expect(rules([]).decode(value) == nil)
        }
        for value in [escaped + "%", escaped + "%2", escaped + "%zz", escaped + escaped, "%00", base64, ""] {
            #expect(rules([.url, .pem]).decode(value) == nil)
        }
    }

    @Test("the certificate of a trusted proxy's header is the client's, and its names are not those of a verified one")
    func trusted() async throws {
        let reply = try await ask(rules(), "X-Cert: \(base64)\r\n")
        #expect(reply.hasSuffix("[\(base64)] [] []"))
        #expect(try await ask(rules("Client-Cert", [.rfc9440]), "Client-Cert: :\(base64):\r\n").hasSuffix("[\(base64)] [] []"))
        #expect(try await ask(rules("X-Cert", [.url, .pem]), "X-Cert: \(escaped)\r\n").hasSuffix("[\(base64)] [] []"))
    }

    @Test("without the header, or with an empty one, there is no certificate")
    func absent() async throws {
        for headers in ["", "X-Cert:\r\n"] { #expect(try await ask(rules(), headers).hasSuffix(" [] [] []")) }
    }

    @Test("a header from elsewhere is refused, or removed where the listener is lenient")
    func untrusted() async throws {
        let strict = try await ask(rules(from: "10.0.0.0/8"), "X-Cert: \(base64)\r\n")
        #expect(strict.hasPrefix("HTTP/1.1 400 ") && !strict.contains(base64))
        #expect(try await ask(rules(from: "10.0.0.0/8", strict: false), "X-Cert: \(base64)\r\n").hasSuffix(" [] [] []"))
    }

    @Test("two headers and malformed ones are refused")
    func refused() async throws {
        for headers in ["X-Cert: \(base64)\r\nx-cert: \(base64)\r\n", "X-Cert: canary\r\n", "X-Cert: \(base64), \(base64)\r\n"] {
            let reply = try await ask(rules(), headers)
            #expect(reply.hasPrefix("HTTP/1.1 400 ") && !reply.contains("canary"))
        }
    }

    @Test("the headers of RFC 9440 are removed where the listener does not read them")
    func removed() async throws {
        let headers = "Client-Cert: :\(base64):\r\nClient-Cert-Chain: :\(base64):\r\n"
        for others in [nil, rules()] { #expect(try await ask(others, headers).hasSuffix(" [] [] []")) }
    }
}
