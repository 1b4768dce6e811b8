import EngineKit
import HTTPShell
import Testing

@Suite("Connections through a load balancer")
struct ProxyProtocolTests {
    private static let request = "GET /v1/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    private static let header = "PROXY TCP4 203.0.113.7 10.0.0.1 8080 8200\r\n"

    private func rules(_ behavior: ProxyProtocol.Behavior, _ ranges: String...) -> ProxyProtocol {
        ProxyProtocol(behavior, authorized: ranges.compactMap { AddressRange($0) })
    }

    private func talk(_ rules: ProxyProtocol, _ parts: String...) async throws -> String {
        nonisolated(unsafe) var reply = ""
        try await LiveShell.run([WhoDialect()], { $0.proxyProtocol = rules }) { live in
            reply = try await onThread {
                let client = try RawClient(port: live.port)
                for part in parts { try client.send(part) }
                return try client.readToEnd()
            }
        }
        return reply
    }

    @Test("the client's address is that of the header")
    func address() async throws {
        for accepted in [rules(.always), rules(.authorized, "127.0.0.0/8"), rules(.authorizedOnly, "127.0.0.1")] {
            let reply = try await talk(accepted, Self.header + Self.request)
            #expect(reply.contains("203.0.113.7 8080 "))
        }
    }

    @Test("a header may arrive in pieces")
    func pieces() async throws {
        let reply = try await talk(
            rules(.always), "PROX", "Y TCP4 203.0.113.7 10.0.0.1 80", "80 8200\r", "\nGET /v1/a HT",
            "TP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        #expect(reply.contains("203.0.113.7 8080 "))
    }

    @Test("a proxy that speaks for itself has its own address, and a client that it does not know has none")
    func unknown() async throws {
        let local = "\r\n\r\n\0\r\nQUIT\n\u{20}\0\0\0"
        #expect(try await talk(rules(.always), local + Self.request).contains("127.0.0.1 "))
        let reply = try await talk(rules(.always), "PROXY UNKNOWN\r\n" + Self.request)
        #expect(reply.contains(" 200 ") && reply.contains("\r\n 0 [") && !reply.contains("127.0.0.1"))
    }

    @Test("a connection without the header that is expected is closed without an answer")
    func missing() async throws {
        #expect(try await talk(rules(.always), Self.request).isEmpty)
        #expect(try await talk(rules(.authorized, "127.0.0.1"), Self.request).isEmpty)
        #expect(try await talk(rules(.always), "PROXY TCP4 canary\r\n" + Self.request).isEmpty)
    }

    @Test("a header from elsewhere is not believed")
    func elsewhere() async throws {
        #expect(try await talk(rules(.authorizedOnly, "10.0.0.0/8"), Self.header + Self.request).isEmpty)
        let reply = try await talk(rules(.authorized, "10.0.0.0/8"), Self.header + Self.request)
        #expect(!reply.contains("203.0.113.7") && !reply.contains(" 200 "))
        #expect(try await talk(rules(.authorized, "10.0.0.0/8"), Self.request).contains("127.0.0.1 "))
    }

    @Test("a second header is part of the request, which it spoils")
    func second() async throws {
        let reply = try await talk(rules(.always), Self.header + "PROXY TCP4 10.9.9.9 10.0.0.1 1 2\r\n" + Self.request)
        #expect(!reply.contains("10.9.9.9") && !reply.contains(" 200 "))
    }

    @Test("a header that does not end is cut off in time")
    func slow() async throws {
        try await LiveShell.run(
            [WhoDialect()],
            {
                $0.proxyProtocol = ProxyProtocol(.always)
                $0.timeouts.headerMilliseconds = 50
            }
        ) { live in
            let reply = try await live.talk("PROXY TCP4 ")
            #expect(reply.isEmpty)
        }
    }
}
