import HTTPShell
import Testing

/// A request that is refused, and the status that says why.
struct Refused: Sendable, CustomTestStringConvertible {
    var what: String
    var request: String
    var status: Int

    var testDescription: String { what }

    init(
        _ what: String, _ status: Int, _ headers: String, body: String = "", line: String = "PUT /v1/a HTTP/1.1",
        host: String = "Host: h\r\n"
    ) {
        self.what = what
        self.status = status
        request = "\(line)\r\n\(host)\(headers)\r\n\(body)"
    }

    static let all: [Refused] = [
        Refused("a length and a transfer encoding", 400, "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", body: "0\r\n\r\n"),
        Refused("a transfer encoding and a length", 400, "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", body: "0\r\n\r\n"),
        Refused("two lengths", 400, "Content-Length: 3\r\nContent-Length: 4\r\n", body: "abcd"),
        Refused("the same length twice", 400, "Content-Length: 3\r\nContent-Length: 3\r\n", body: "abc"),
        Refused("a list as length", 400, "Content-Length: 3, 3\r\n", body: "abc"),
        Refused("a signed length", 400, "Content-Length: +3\r\n", body: "abc"),
        Refused("a negative length", 400, "Content-Length: -1\r\n"),
        Refused("a length past every integer", 400, "Content-Length: 99999999999999999999999\r\n"),
        Refused("another transfer encoding", 400, "Transfer-Encoding: gzip, chunked\r\n", body: "0\r\n\r\n"),
        Refused("chunked named twice", 400, "Transfer-Encoding: chunked, chunked\r\n", body: "0\r\n\r\n"),
        Refused("a malformed chunk size", 400, "Transfer-Encoding: chunked\r\n", body: "zz\r\nab\r\n0\r\n\r\n"),
        Refused("a negative chunk size", 400, "Transfer-Encoding: chunked\r\n", body: "-1\r\nab\r\n0\r\n\r\n"),
        Refused(
            "a transfer encoding in HTTP/1.0", 400, "Transfer-Encoding: chunked\r\n", body: "0\r\n\r\n",
            line: "PUT /v1/a HTTP/1.0"),
        Refused(
            "a transfer encoding in HTTP/1.0 that stays open", 400, "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n",
            body: "0\r\n\r\n", line: "PUT /v1/a HTTP/1.0"),
        Refused("no host", 400, "", host: ""),
        Refused("two hosts", 400, "Host: i\r\n"),
        Refused("two tokens", 400, "X-Vault-Token: canary-1\r\nX-Vault-Token: canary-2\r\n"),
        Refused("two tokens in other case", 400, "X-Vault-Token: canary-1\r\nx-vault-TOKEN: canary-1\r\n"),
        Refused("two authorizations", 400, "Authorization: Bearer canary-1\r\nAuthorization: Bearer canary-2\r\n"),
        Refused("two namespaces", 400, "X-Vault-Namespace: a\r\nX-Vault-Namespace: b\r\n"),
        Refused("two wrapping times", 400, "X-Vault-Wrap-TTL: 1\r\nX-Vault-Wrap-TTL: 2\r\n"),
        Refused("two content types", 400, "Content-Type: a/b\r\nContent-Type: c/d\r\n"),
        Refused("no request at all", 400, "", line: "canary"),
        Refused("an unknown version", 400, "", line: "GET /v1/a HTTP/3.0"),
        Refused("a method with spaces", 400, "", line: "G E T /v1/a HTTP/1.1"),
        Refused("a target without a slash", 400, "", line: "GET v1/a HTTP/1.1"),
        Refused("a target of another server", 400, "", line: "GET http://canary/v1/a HTTP/1.1"),
        Refused("a fragment", 400, "", line: "GET /v1/a#canary HTTP/1.1"),
        Refused("a space before the colon", 400, "X-Thing : canary\r\n"),
        Refused("a header without a name", 400, ": canary\r\n"),
        Refused("NUL in a header", 400, "X-Thing: can\u{0}ary\r\n"),
        Refused("a bare line feed in a header", 400, "X-Thing: can\nary\r\n"),
        Refused("a folded header", 400, "X-Thing: a\r\n canary\r\n"),
        Refused("a chunk without its end", 400, "Transfer-Encoding: chunked\r\n", body: "3\r\nabcd\r\n0\r\n\r\n"),
        Refused("a chunk size of seventeen digits", 400, "Transfer-Encoding: chunked\r\n", body: "00000000000000003\r\nabc\r\n"),
        Refused(
            "a chunk line without its end", 400, "Transfer-Encoding: chunked\r\n", body: "3;" + String(repeating: "c", count: 300)),
        Refused("a chunk size that ends in a bare line feed", 400, "Transfer-Encoding: chunked\r\n", body: "3\nabc\r\n0\r\n\r\n"),
        Refused("a method in small letters", 400, "", line: "get /v1/a HTTP/1.1"),
        Refused("TLS on a plain port", 400, "", line: "\u{16}\u{3}\u{1}"),
        Refused(
            "endless trailers", 431, "Transfer-Encoding: chunked\r\n",
            body: "0\r\n" + String(repeating: "A: canary\r\n", count: 3_000)),
        Refused("a body past the limit", 413, "Content-Length: 1048577\r\n"),
        Refused("an absurd length", 413, "Content-Length: 100000000000000000\r\n"),
        Refused("a chunked body past the limit", 413, "Transfer-Encoding: chunked\r\n", body: Self.chunks(17)),
        Refused("a target past the limit", 414, "", line: "GET /v1/\(String(repeating: "canary", count: 2_000)) HTTP/1.1"),
        Refused("a compressed body", 415, "Content-Encoding: gzip\r\nContent-Length: 3\r\n", body: "abc"),
        Refused("another expectation", 417, "Expect: a-canary\r\nContent-Length: 3\r\n", body: "abc"),
        Refused("101 headers", 431, (0..<100).map { "X-\($0): canary\r\n" }.joined()),
        Refused("thousands of headers", 431, (0..<5_000).map { "X-\($0): canary\r\n" }.joined()),
        Refused("a header of 17 KiB", 431, "X-Thing: \(String(repeating: "canary", count: 2_900))\r\n"),
        Refused("a megabyte of headers", 431, (0..<40).map { "X-\($0): \(String(repeating: "c", count: 26_000))\r\n" }.joined()),
    ]

    /// Chunks of 64 KiB.
    private static func chunks(_ count: Int) -> String {
        String(repeating: "10000\r\n" + String(repeating: "c", count: 65_536) + "\r\n", count: count) + "0\r\n\r\n"
    }
}

@Suite struct RefusalTests {
    @Test("refuses and closes", arguments: Refused.all)
    func refuses(_ refused: Refused) async throws {
        try await LiveShell.run { live in
            // A further request on the connection must not be answered: it could be part of the first one's body.
            let reply = try await live.talk(refused.request + "GET /v1/smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 \(refused.status) "))
            #expect(reply.contains("content-type: application/json\r\n"))
            #expect(reply.contains("connection: close\r\n"))
            #expect(reply.contains("{\"errors\":["))
            #expect(!reply.contains("canary"))
            #expect(!reply.contains("smuggled"))
            #expect(live.shell.underWay == (0, 0))
            let next = try await live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(next.hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test func anAnnouncedBodyIsRefusedBeforeItIsSent() async throws {
        try await LiveShell.run { live in
            let reply = try await live.talk(
                "PUT /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func theLargestBodyAndHeadersPass() async throws {
        try await LiveShell.run { live in
            let headers = (0..<96).map { "X-\($0): \(String(repeating: "v", count: 150))\r\n" }.joined()
            let reply = try await live.talk(
                "PUT /v1/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1048576\r\n\(headers)\r\n"
                    + String(repeating: "b", count: 1_048_576))
            #expect(reply.hasSuffix("PUT /v1/a ? 1048576 127.0.0.1"))
        }
    }

    @Test func refusesMoreRequestsThanItMayHandle() async throws {
        let gate = GatedDialect()
        var capacity = ShellCapacity()
        capacity.requestsMax = 1
        try await LiveShell.run([gate], capacity: capacity) { live in
            let request = "GET /v1/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            async let first = live.talk(request)
            await gate.arrived()
            let got1 = try await live.talk(request)
            #expect(got1.hasPrefix("HTTP/1.1 503 "))
            gate.open()
            #expect(try await first.hasPrefix("HTTP/1.1 200 "))
            let got2 = try await live.talk(request)
            #expect(got2.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func refusesMoreBodiesThanItMayKeep() async throws {
        let gate = GatedDialect()
        var capacity = ShellCapacity()
        capacity.bodyBytesMax = 1_000
        try await LiveShell.run([gate], capacity: capacity) { live in
            let request =
                "PUT /v1/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 600\r\n\r\n"
                + String(repeating: "b", count: 600)
            async let first = live.talk(request)
            await gate.arrived()
            let got3 = try await live.talk(request)
            #expect(got3.hasPrefix("HTTP/1.1 503 "))
            gate.open()
            #expect(try await first.hasPrefix("HTTP/1.1 200 "))
            #expect(live.shell.underWay == (0, 0))
        }
    }

    @Test func demandsTheRequestHeaderWhereTheListenerSaysSo() async throws {
        try await LiveShell.run([EchoDialect()], { $0.demandsVaultRequestHeader = true }) { live in
            let without = try await live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(without.hasPrefix("HTTP/1.1 412 "))
            let with = try await live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\nX-Vault-Request: true\r\nConnection: close\r\n\r\n")
            #expect(with.hasPrefix("HTTP/1.1 200 "))
        }
    }
}
