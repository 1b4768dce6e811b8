import AsyncHTTPClient
import EngineKit
import Foundation
import HTTPShell
import NIOCore
import NIOHTTP1
import NIOSSL
import Syntax
import Testing

@Suite("Client certificates of a listener")
struct ClientCertificateTests {
    private func certificate(_ one: TestCertificate) throws -> NIOSSLCertificate {
        try NIOSSLCertificate(bytes: Array(one.certificate.utf8), format: .pem)
    }

    private func base64(_ one: TestCertificate) throws -> String { Base64.encode(try certificate(one).toDERBytes()) }

    /// Asks once, and returns the body, which is empty if there is no answer.
    private func ask(
        _ port: Int, presenting chain: [TestCertificate], _ version: HTTPClient.Configuration.HTTPVersion = .http1Only
    ) async throws -> String {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates([try certificate(.one)])
        if let own = chain.first {
            tls.certificateChain = try chain.map { .certificate(try certificate($0)) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(own.key.utf8), format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = version
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var request = HTTPClientRequest(url: "https://localhost:\(port)/v1/a")
        if version == .http1Only { request.headers.add(name: "Connection", value: "close") }
        let reply = try? await client.execute(request, timeout: .seconds(10))
        let body = try? await reply?.body.collect(upTo: 1 << 20)
        try await client.shutdown()
        return body.map { String(buffer: $0) } ?? ""
    }

    private func run(
        _ clients: TLSSettings.ClientCertificates, authority: TestCertificate? = nil, header: ForwardedCertificate? = nil,
        _ body: @Sendable (Int) async throws -> Void
    ) async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        var tls = TLSSettings(certificateFile: directory.path("cert.pem"), keyFile: directory.path("key.pem"))
        tls.clientCertificates = clients
        if let authority {
            try Data(authority.certificate.utf8).write(to: URL(filePath: directory.path("ca.pem")))
            tls.clientCAFile = directory.path("ca.pem")
        }
        try await LiveShell.run(
            [WhoDialect()],
            {
                $0.tls = tls
                $0.forwardedCertificate = header
            }
        ) { try await body($0.port) }
    }

    @Test("any certificate that is presented is passed on with its chain, and none of its names", arguments: [false, true])
    func requested(isHTTP2: Bool) async throws {
        let version: HTTPClient.Configuration.HTTPVersion = isHTTP2 ? .automatic : .http1Only
        let (one, two) = (try base64(.one), try base64(.two))
        try await run(.requested) { port in
            let none = try await ask(port, presenting: [], version)
            #expect(none.hasSuffix(" [] [] []"))
            let alone = try await ask(port, presenting: [.two], version)
            #expect(alone.hasSuffix("[\(two)] [] []"))
            let chain = try await ask(port, presenting: [.two, .one], version)
            #expect(chain.hasSuffix("[\(two),\(one)] [] []"))
        }
    }

    @Test("a verified certificate is passed on with its names", arguments: [TLSSettings.ClientCertificates.optional, .required])
    func verified(clients: TLSSettings.ClientCertificates) async throws {
        let two = try base64(.two)
        try await run(clients, authority: .two) { port in
            for version in [HTTPClient.Configuration.HTTPVersion.http1Only, .automatic] {
                let reply = try await ask(port, presenting: [.two], version)
                #expect(reply.contains("[\(two)] [\"CN=localhost\""))
            }
            let other = try await ask(port, presenting: [.one])
            #expect(other.isEmpty)
            let anonymous = try await ask(port, presenting: [])
            #expect(anonymous.isEmpty == (clients == .required))
        }
    }

    @Test("nobody is asked where it is turned off")
    func notAsked() async throws {
        try await run(.notAsked) { port in
            let reply = try await ask(port, presenting: [.two])
            #expect(reply.hasSuffix(" [] [] []"))
        }
    }

    @Test("a proxy's own certificate is not its client's")
    func ofProxy() async throws {
        let rules = ForwardedCertificate(
            header: "x-cert", decoders: [], authorized: [AddressRange("127.0.0.1")].compactMap(\.self))
        try await run(.required, authority: .two, header: rules) { port in
            let reply = try await ask(port, presenting: [.two])
            #expect(reply.hasSuffix(" [] [] []"))
        }
    }
}
