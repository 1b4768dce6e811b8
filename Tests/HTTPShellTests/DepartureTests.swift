import AsyncHTTPClient
import HTTPShell
import NIOCore
import NIOSSL
import Testing

/// Works until it is told that nobody waits any more.
private struct WorkingDialect: Dialect {
    let prefix = "/v1/"
    private let begun = AsyncStream<Void>.makeStream()
    private let ended = AsyncStream<Void>.makeStream()

    func respond(to request: ShellRequest) async -> ShellResponse {
        begun.continuation.yield()
        let (never, continuation) = AsyncStream<Void>.makeStream()
        await withTaskCancellationHandler {
            for await _ in never {}
        } onCancel: {
            continuation.finish()
        }
        ended.continuation.yield()
        return ShellResponse(status: 200)
    }

    func hasBegun() async { for await _ in begun.stream { return } }
    func hasEnded() async { for await _ in ended.stream { return } }
}

@Suite("Clients that leave before the answer", .timeLimit(.minutes(10)))
struct DepartureTests {
    @Test("the work for a connection that is reset is given up")
    func reset() async throws {
        let dialect = WorkingDialect()
        try await LiveShell.run([dialect]) { live in
            var client: RawClient? = try RawClient(port: live.port)
            try client?.send("GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n")
            await dialect.hasBegun()
            client?.resetWhenClosed()
            client = nil
            await dialect.hasEnded()
        }
    }

    @Test(
        "the work is given up when a client over TLS goes away",
        arguments: [HTTPClient.Configuration.HTTPVersion.http1Only, .automatic])
    func overTLS(_ version: HTTPClient.Configuration.HTTPVersion) async throws {
        let dialect = WorkingDialect()
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        let settings = TLSSettings(certificateFile: directory.path("cert.pem"), keyFile: directory.path("key.pem"))
        try await LiveShell.run([dialect], { $0.tls = settings }) { live in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates([
                try NIOSSLCertificate(bytes: Array(TestCertificate.one.certificate.utf8), format: .pem)
            ])
            var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
            configuration.httpVersion = version
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            let port = live.port
            let asking = Task {
                _ = try await client.execute(HTTPClientRequest(url: "https://localhost:\(port)/v1/a"), timeout: .seconds(30))
            }
            await dialect.hasBegun()
            asking.cancel()
            await dialect.hasEnded()
            try await client.shutdown()
        }
    }
}
