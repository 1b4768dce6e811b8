import AsyncHTTPClient
import EngineKit
import Foundation
import HTTPShell
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization
import Testing

/// Answers with streams of several kinds, and tells how many pieces were made and when nothing holds a stream any more.
private final class StreamDialect: Dialect {
    /// Goes with the stream that holds it.
    private final class Held: Sendable {
        let ended: @Sendable () -> Void
        init(_ ended: @escaping @Sendable () -> Void) { self.ended = ended }
        deinit { ended() }
    }

    struct Broken: Error {}

    let prefix = "/v1/"
    private let made = Mutex(0)
    private let endings = AsyncStream<Void>.makeStream()
    private let beginnings = AsyncStream<Void>.makeStream()

    var piecesMade: Int { made.withLock { $0 } }

    /// Returns when a stream was let go of.
    func hasEnded() async { for await _ in endings.stream { return } }
    /// Returns when a producer waits for something that never comes.
    func isWaiting() async { for await _ in beginnings.stream { return } }

    func respond(to request: ShellRequest) async -> ShellResponse {
        let endings = endings.continuation
        let held = Held { endings.yield() }
        let count = Mutex(0)
        func pieces(_ all: [String], then last: (any Error)? = nil) -> StreamedContent.Producer {
            { [self] in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                made.withLock { $0 += 1 }
                return try withExtendedLifetime(held) {
                    if number <= all.count { return Array(all[number - 1].utf8) }
                    if let last { throw last }
                    return nil
                }
            }
        }
        let content: StreamedContent =
            switch request.path {
            case "/v1/known": StreamedContent(contentType: "text/plain", length: 9, produce: pieces(["abcd", "", "efghi"]))
            case "/v1/unknown": StreamedContent(contentType: "text/plain", bytesMax: 99, produce: pieces(["abcd", "", "efghi"]))
            case "/v1/broken":
                StreamedContent(contentType: "text/plain", bytesMax: 99, produce: pieces(["abcd"], then: Broken()))
            case "/v1/short": StreamedContent(contentType: "text/plain", length: 9, produce: pieces(["abcd"]))
            case "/v1/long": StreamedContent(contentType: "text/plain", length: 3, produce: pieces(["ab", "cd"]))
            case "/v1/waits":
                StreamedContent(contentType: "text/plain", bytesMax: 99) { [self] in
                    guard count.withLock({ $0 == 1 }) else {
                        count.withLock { $0 = 1 }
                        return Array("abcd".utf8)
                    }
                    let (never, continuation) = AsyncStream<Void>.makeStream()
                    beginnings.continuation.yield()
                    await withTaskCancellationHandler {
                        for await _ in never {}
                    } onCancel: {
                        continuation.finish()
                    }
                    return withExtendedLifetime(held) { nil }
                }
            default:
                StreamedContent(contentType: "text/plain", bytesMax: .max) { [self] in
                    made.withLock { $0 += 1 }
                    return withExtendedLifetime(held) { [UInt8](repeating: 0x61, count: 64 << 10) }
                }
            }
        return ShellResponse(status: 200, stream: content)
    }
}

@Suite("Answers that are made while they are sent", .timeLimit(.minutes(10)))
struct StreamedAnswerTests {
    private func get(_ path: String, _ version: String = "1.1", _ more: String = "") -> String {
        "GET \(path) HTTP/\(version)\r\nHost: h\r\n\(more)\r\n"
    }

    @Test("have their length where it is known, and chunks where it is not; the connection goes on")
    func framing() async throws {
        try await LiveShell.run([StreamDialect()]) { live in
            let text = get("/v1/known") + get("/v1/unknown") + get("/v1/known", "1.1", "Connection: close\r\n")
            let parts = try await live.talk(text).components(separatedBy: "HTTP/1.1 200 OK\r\n").dropFirst()
            try #require(parts.count == 3)
            let bodies = parts.map { $0.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n") }
            #expect(bodies == ["abcdefghi", "4\r\nabcd\r\n5\r\nefghi\r\n0\r\n\r\n", "abcdefghi"])
            #expect(parts.map { $0.contains("\r\ncontent-length: 9\r\n") } == [true, false, true])
            #expect(parts.map { $0.contains("\r\ntransfer-encoding: chunked\r\n") } == [false, true, false])
            #expect(
                parts.allSatisfy { $0.contains("\r\ncontent-type: text/plain\r\n") && $0.contains("\r\ncache-control: no-store") })
        }
    }

    @Test("end with the connection over HTTP/1.0 where the length is not known")
    func oldProtocol() async throws {
        try await LiveShell.run([StreamDialect()]) { live in
            let reply = try await live.talk(get("/v1/unknown", "1.0", "Connection: keep-alive\r\n"))
            #expect(reply.hasSuffix("\r\n\r\nabcdefghi") && !reply.contains("chunked") && reply.contains("connection: close"))
        }
    }

    @Test("are heads alone for HEAD, and nothing is made for it")
    func head() async throws {
        let dialect = StreamDialect()
        try await LiveShell.run([dialect]) { live in
            let reply = try await live.talk("HEAD /v1/known HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(reply.hasSuffix("\r\n\r\n") && reply.contains("content-length: 9"))
            #expect(dialect.piecesMade == 0)
            await dialect.hasEnded()
        }
    }

    @Test("never look whole when they are not", arguments: ["/v1/broken", "/v1/short", "/v1/long"])
    func broken(path: String) async throws {
        try await LiveShell.run([StreamDialect()]) { live in
            let reply = try await live.talk(get(path) + get("/v1/known"))
            let body = reply.components(separatedBy: "\r\n\r\n").dropFirst().joined()
            #expect(!reply.hasSuffix("0\r\n\r\n") && !body.contains("HTTP/1.1"))
            #expect(body.isEmpty || body.hasPrefix("4\r\nabcd") || body == "abcd" || body == "ab")
        }
    }

    @Test("end with a reset over HTTP/1.0 if they are not whole", arguments: ["/v1/broken", "/v1/unknown"])
    func brokenWithoutLength(path: String) async throws {
        try await LiveShell.run([StreamDialect()]) { live in
            let isReset = try await onThread { [port = live.port, request = get(path, "1.0")] in
                let client = try RawClient(port: port)
                try client.send(request)
                return try client.endsWithReset()
            }
            #expect(isReset == (path == "/v1/broken"))
        }
    }

    @Test("are made no faster than they are taken, and end with a client that takes nothing")
    func backPressure() async throws {
        let dialect = StreamDialect()
        try await LiveShell.run([dialect], { $0.timeouts.writeMilliseconds = 300 }) { live in
            let client = try RawClient(port: live.port)
            try client.send(get("/v1/endless"))
            await dialect.hasEnded()
            // What the sockets of both sides hold, and one piece.
            #expect(dialect.piecesMade < 512)
            _ = client
        }
    }

    @Test("end when they take too long to make")
    func slow() async throws {
        let dialect = StreamDialect()
        try await LiveShell.run([dialect], { $0.timeouts.requestMilliseconds = 200 }) { live in
            let reply = try await live.talk(get("/v1/waits"))
            #expect(reply.hasSuffix("4\r\nabcd\r\n"))
            await dialect.hasEnded()
        }
    }

    @Test("end when the client leaves, and count as streams until then")
    func left() async throws {
        let dialect = StreamDialect()
        try await LiveShell.run([dialect]) { live in
            var client: RawClient? = try RawClient(port: live.port)
            try client?.send(get("/v1/waits"))
            await dialect.isWaiting()
            #expect(live.shell.streamsUnderWay == 1)
            // A slow reader of a stream takes no request's place.
            while live.shell.underWay.requests > 0 { await Task.yield() }
            client?.resetWhenClosed()
            client = nil
            await dialect.hasEnded()
            while live.shell.streamsUnderWay > 0 { await Task.yield() }
        }
    }

    private func overTLS(
        _ version: HTTPClient.Configuration.HTTPVersion, _ dialect: StreamDialect,
        _ change: @escaping @Sendable (inout ListenerSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (HTTPClient, String, LiveShell) async throws -> Void
    ) async throws {
        let directory = try TestDirectory()
        try TestCertificate.one.write(to: directory)
        let settings = TLSSettings(certificateFile: directory.path("cert.pem"), keyFile: directory.path("key.pem"))
        try await LiveShell.run(
            [dialect],
            {
                $0.tls = settings
                change(&$0)
            }
        ) { live in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates([
                try NIOSSLCertificate(bytes: Array(TestCertificate.one.certificate.utf8), format: .pem)
            ])
            var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
            configuration.httpVersion = version
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            do {
                try await body(client, "https://localhost:\(live.port)", live)
            } catch {
                try? await client.shutdown()
                throw error
            }
            try await client.shutdown()
        }
    }

    private static let versions = [HTTPClient.Configuration.HTTPVersion.http1Only, .automatic]

    @Test("are the same over HTTP/2 as over HTTP/1", arguments: versions)
    func bothVersions(_ version: HTTPClient.Configuration.HTTPVersion) async throws {
        try await overTLS(version, StreamDialect()) { client, address, live in
            for path in ["/v1/known", "/v1/unknown"] {
                var request = HTTPClientRequest(url: address + path)
                request.headers.add(name: "Connection", value: "close")
                let reply = try await client.execute(request, timeout: .seconds(10))
                #expect(reply.version.major == (version == .automatic ? 2 : 1))
                #expect(reply.headers.first(name: "content-length") == (path == "/v1/known" ? "9" : nil))
                #expect(String(buffer: try await reply.body.collect(upTo: 99)) == "abcdefghi")
            }
            for path in ["/v1/broken", "/v1/short", "/v1/long"] {
                await #expect(throws: (any Error).self) {
                    var request = HTTPClientRequest(url: address + path)
                    request.headers.add(name: "Connection", value: "close")
                    let reply = try await client.execute(request, timeout: .seconds(10))
                    _ = try await reply.body.collect(upTo: 99)
                }
            }
            while live.shell.streamsUnderWay > 0 { await Task.yield() }
        }
    }

    @Test("end over HTTP/2 too when the client leaves")
    func leftHTTP2() async throws {
        let dialect = StreamDialect()
        try await overTLS(.automatic, dialect) { client, address, live in
            let asking = Task {
                let reply = try await client.execute(HTTPClientRequest(url: address + "/v1/waits"), timeout: .seconds(30))
                _ = try await reply.body.collect(upTo: 99)
            }
            await dialect.isWaiting()
            asking.cancel()
            await dialect.hasEnded()
            while live.shell.streamsUnderWay > 0 { await Task.yield() }
        }
    }

    @Test("wait over HTTP/2 for a client that takes nothing, and end")
    func backPressureHTTP2() async throws {
        let dialect = StreamDialect()
        try await overTLS(.automatic, dialect, { $0.timeouts.writeMilliseconds = 300 }) { client, address, _ in
            let reply = try await client.execute(HTTPClientRequest(url: address + "/v1/endless"), timeout: .seconds(30))
            await dialect.hasEnded()
            #expect(dialect.piecesMade < 512)
            await #expect(throws: (any Error).self) { for try await _ in reply.body {} }
        }
    }
}
