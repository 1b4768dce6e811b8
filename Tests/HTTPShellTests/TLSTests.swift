import AsyncHTTPClient
import Foundation
import HTTPShell
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

@Suite struct TLSTests {
    private func settings(_ directory: TestDirectory) -> TLSSettings {
        TLSSettings(certificateFile: directory.path("cert.pem"), keyFile: directory.path("key.pem"))
    }

    private func client(
        trusting trusted: TestCertificate, _ version: HTTPClient.Configuration.HTTPVersion = .automatic,
        presenting own: TestCertificate? = nil
    ) throws -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates([try NIOSSLCertificate(bytes: Array(trusted.certificate.utf8), format: .pem)])
        if let own {
            tls.certificateChain = [.certificate(try NIOSSLCertificate(bytes: Array(own.certificate.utf8), format: .pem))]
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(own.key.utf8), format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = version
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// The version, the status and the body of an answer. The client closes an idle TLS connection only after seconds,
    /// so over HTTP/1 the server does it.
    private func ask(_ client: HTTPClient, _ port: Int, body: String? = nil, closes: Bool = false) async throws -> (
        HTTPVersion, UInt, String
    ) {
        var request = HTTPClientRequest(url: "https://localhost:\(port)/v1/a")
        if closes { request.headers.add(name: "Connection", value: "close") }
        if let body {
            request.method = .PUT
            request.body = .bytes(ByteBuffer(string: body))
        }
        let reply = try await client.execute(request, timeout: .seconds(10))
        return (reply.version, reply.status.code, String(buffer: try await reply.body.collect(upTo: 1 << 20)))
    }

    private func shuttingDown<T>(_ client: HTTPClient, _ body: () async throws -> T) async throws -> T {
        do {
            let result = try await body()
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    @Test(arguments: [
        "GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n", "PUT /v1/a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    ])
    func tellsAClientThatSpeaksPlainHTTP(text: String) async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        let tls = settings(directory)
        try await LiveShell.run {
            $0.tls = tls
        } _: { live in
            let reply = try await live.talk(text, closesInput: true)
            #expect(reply.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(reply.hasSuffix("\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"))
        }
    }

    @Test func speaksHTTP2WithThoseWhoOfferIt() async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        try await LiveShell.run([EchoDialect()], { $0.tls = settings(directory) }) { live in
            let client = try client(trusting: .one)
            try await shuttingDown(client) {
                let (version, status, body) = try await ask(client, live.port, body: "abc")
                #expect(version == .http2)
                #expect(status == 200)
                #expect(body == "PUT /v1/a ? 3 127.0.0.1")
            }
        }
    }

    @Test func speaksHTTP11WithTheOthers() async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        try await LiveShell.run([EchoDialect()], { $0.tls = settings(directory) }) { live in
            let client = try client(trusting: .one, .http1Only)
            try await shuttingDown(client) {
                let (version, status, _) = try await ask(client, live.port, closes: true)
                #expect(version == .http1_1)
                #expect(status == 200)
            }
        }
    }

    @Test func theLimitsHoldOverHTTP2() async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        try await LiveShell.run([EchoDialect()], { $0.tls = settings(directory) }) { live in
            let client = try client(trusting: .one)
            try await shuttingDown(client) {
                let (_, status, body) = try await ask(client, live.port, body: String(repeating: "b", count: (1 << 20) + 1))
                #expect(status == 413)
                #expect(body.contains("max_request_size"))
                var request = HTTPClientRequest(url: "https://localhost:\(live.port)/v1/a")
                request.headers = ["X-Vault-Token": "canary"]
                request.headers.add(name: "X-Vault-Token", value: "canary")
                let reply = try await client.execute(request, timeout: .seconds(10))
                #expect(reply.status.code == 400)
                #expect(reply.headers["x-request-id"].count == 1)
                #expect(reply.headers["cache-control"] == ["no-store"])
                #expect(live.shell.underWay == (0, 0))
            }
        }
    }

    @Test(arguments: [("good", 503), ("often", 429), ("other", 413)])
    func aLargeBodyOverHTTP2IsRefusedForItsReason(token: String, status: UInt) async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        var capacity = ShellCapacity()
        capacity.largeBodyBytesMax = 1 << 20
        try await LiveShell.run([KnowingDialect()], capacity: capacity, { $0.tls = settings(directory) }) { live in
            let client = try client(trusting: .one)
            try await shuttingDown(client) {
                var request = HTTPClientRequest(url: "https://localhost:\(live.port)/v1/a")
                request.method = .PUT
                request.headers = ["X-Vault-Token": token]
                request.body = .bytes(ByteBuffer(repeating: 0x62, count: 2 << 20))
                let reply = try await client.execute(request, timeout: .seconds(10))
                #expect(reply.status.code == status)
            }
            #expect(live.shell.underWay == (0, 0))
        }
    }

    @Test func aReloadedCertificateIsForNewConnections() async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        try await LiveShell.run([EchoDialect()], { $0.tls = settings(directory) }) { live in
            let old = try client(trusting: .one, .http1Only)
            let new = try client(trusting: .two, .http1Only)
            try await shuttingDown(old) {
                try await shuttingDown(new) {
                    _ = try await ask(old, live.port)
                    await #expect(throws: (any Error).self) { try await ask(new, live.port) }
                    try TestCertificate.two.write(to: directory)
                    try live.listener.reloadTLS()
                    #expect(try await ask(new, live.port, closes: true).1 == 200)
                    // The connection that was open stays so.
                    #expect(try await ask(old, live.port, closes: true).1 == 200)
                }
            }
        }
    }

    @Test func keepsTheOldCertificateWhenTheNewOneIsUnusable() async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        try await LiveShell.run([EchoDialect()], { $0.tls = settings(directory) }) { live in
            try Data("no certificate".utf8).write(to: URL(filePath: directory.path("cert.pem")))
            #expect(throws: TLSSettingsError.self) { try live.listener.reloadTLS() }
            let client = try client(trusting: .one)
            try await shuttingDown(client) {
                let status = try await ask(client, live.port).1
                #expect(status == 200)
            }
        }
    }

    @Test func refusesAClientWithoutTheRequiredCertificate() async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        try Data(TestCertificate.two.certificate.utf8).write(to: URL(filePath: directory.path("ca.pem")))
        try await LiveShell.run(
            [EchoDialect()],
            {
                var tls = settings(directory)
                tls.clientCAFile = directory.path("ca.pem")
                tls.clientCertificates = .required
                $0.tls = tls
            }
        ) { live in
            for (own, isLet) in [(TestCertificate?.none, false), (.one, false), (.two, true)] {
                let client = try client(trusting: .one, .http1Only, presenting: own)
                try await shuttingDown(client) {
                    let status = try? await ask(client, live.port, closes: true).1
                    #expect(status == (isLet ? 200 : nil))
                }
            }
        }
    }

    @Test func saysWhichFileIsUnusable() throws {
        let directory = try TestDirectory()
        #expect { try TLSIdentity(settings(directory)) } throws: { "\($0)".contains("cert.pem") }
        try TestCertificate.one.write(to: directory)
        try Data(TestCertificate.two.key.utf8).write(to: URL(filePath: directory.path("key.pem")))
        #expect { try TLSIdentity(settings(directory)) } throws: { "\($0)".contains("\(directory.path("key.pem")) is the key of") }
    }

    @Test func plainTextOnATLSPortGetsNoAnswer() async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        try await LiveShell.run([EchoDialect()], { $0.tls = settings(directory) }) { live in
            let reply = try await live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(!reply.contains("200"))
        }
    }

    @Test func aHandshakeThatStopsIsCutOff() async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        try await LiveShell.run(
            [EchoDialect()],
            {
                $0.tls = settings(directory)
                $0.timeouts.headerMilliseconds = 50
            }
        ) { live in
            let got1 = try await live.talk("\u{16}\u{3}\u{1}")
            #expect(got1.isEmpty)
        }
    }
}
