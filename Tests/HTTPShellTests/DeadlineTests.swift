import Foundation
import HTTPShell
import NIOCore
import NIOPosix
import Testing

@Suite struct DeadlineTests {
    private func quick(_ settings: inout ListenerSettings) {
        settings.timeouts.headerMilliseconds = 50
        settings.timeouts.lingerMilliseconds = 50
    }

    /// Short enough to wait for, long enough for a busy machine to have sent what it had to send.
    private func bounded(_ settings: inout ListenerSettings) {
        settings.timeouts.headerMilliseconds = 3_000
        settings.timeouts.readMilliseconds = 500
    }

    @Test func closesAConnectionThatSaysNothing() async throws {
        try await LiveShell.run([EchoDialect()], quick) { live in
            let got1 = try await live.talk("")
            #expect(got1.isEmpty)
        }
    }

    @Test(
        "answers 408 to a request that stops midway",
        arguments: [
            "PUT /v1/a HTTP/1.1\r\nHost: h\r\nX-Thi",
            "PUT /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc",
            "PUT /v1/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        ])
    func stopsMidway(_ text: String) async throws {
        try await LiveShell.run([EchoDialect()], bounded) { live in
            let got2 = try await live.talk(text)
            #expect(got2.hasPrefix("HTTP/1.1 408 "))
            #expect(live.shell.underWay == (0, 0))
        }
    }

    @Test func aHeadThatTricklesInIsLateAllTheSame() async throws {
        try await LiveShell.run([EchoDialect()], quick) { live in
            let reply = try await onThread {
                let client = try RawClient(port: live.port)
                try client.send("GET /v1/a HTTP/1.1\r\n")
                for _ in 0..<20 {
                    try client.send("X")
                    Thread.sleep(forTimeInterval: 0.01)
                }
                return try client.readToEnd()
            }
            #expect(reply.isEmpty || reply.hasPrefix("HTTP/1.1 408 "))
        }
    }

    /// Holds up everything else on its event loop.
    private struct BlockingDialect: Dialect {
        let prefix = "/v1/"

        private static func block() { Thread.sleep(forTimeInterval: 1.5) }

        func respond(to request: ShellRequest) async -> ShellResponse {
            if request.method == "GET" { Self.block() }
            return ShellResponse(status: 200, contentType: "text/plain", body: Array("\(request.body.count)".utf8))
        }
    }

    @Test("does not take the server's own delay for the client's")
    func delayedByTheServer() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        try await LiveShell.run([BlockingDialect()], group: group, bounded) { live in
            let reply = try await onThread {
                let client = try RawClient(port: live.port)
                try client.send("PUT /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345")
                Thread.sleep(forTimeInterval: 0.1)
                let blocking = try RawClient(port: live.port)
                try blocking.send("GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n")
                Thread.sleep(forTimeInterval: 0.1)
                try client.send("67890")
                return try client.read(until: "\r\n\r\n")
            }
            #expect(reply.hasPrefix("HTTP/1.1 200 "))
        }
        try await group.shutdownGracefully()
    }

    @Test func closesAnIdleConnectionAfterItsAnswer() async throws {
        try await LiveShell.run([EchoDialect()], { $0.timeouts.idleMilliseconds = 50 }) { live in
            let reply = try await live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 200 OK"))
            #expect(!reply.contains("connection: close"))
        }
    }

    @Test func givesUpOnAnAnswerThatTakesTooLong() async throws {
        let gate = GatedDialect()
        try await LiveShell.run([gate], { $0.timeouts.requestMilliseconds = 50 }) { live in
            let reply = try await live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 503 "))
            #expect(reply.contains("max_request_duration"))
            gate.open()
        }
    }
}
