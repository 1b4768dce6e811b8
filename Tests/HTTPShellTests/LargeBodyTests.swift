import EngineKit
import HTTPShell
import NIOHTTP1
import Testing

/// Knows whoever says so, after a while.
struct KnowingDialect: Dialect {
    let prefix = "/v1/"

    func respond(to request: ShellRequest) async -> ShellResponse {
        ShellResponse(status: 200, contentType: "text/plain", body: Array("\(request.body.count) bytes".utf8))
    }

    func refusalOfLargeBody(_ headers: HTTPHeaders, from connection: Connection) async -> HTTPRefusal? {
        await Task.yield()
        switch headers.first(name: "x-vault-token") {
        case "good": return nil
        case "often": return HTTPRefusal(429, "rate limit quota exceeded")
        default: return .bodyTooLarge
        }
    }
}

@Suite struct LargeBodyTests {
    private static let size = 2 << 20

    private func request(_ headers: String, body: String) -> String {
        "PUT /v1/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\(headers)\r\n\(body)"
    }

    private var whole: String { String(repeating: "b", count: Self.size) }
    private var chunked: String {
        String(repeating: "10000\r\n" + String(repeating: "c", count: 65_536) + "\r\n", count: Self.size / 65_536) + "0\r\n\r\n"
    }

    @Test(arguments: [true, false])
    func onlyAKnownCallerSendsALargeBody(isChunked: Bool) async throws {
        try await LiveShell.run([KnowingDialect()]) { live in
            let length = isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(Self.size)\r\n"
            let body = isChunked ? chunked : whole
            let known = try await live.talk(request(length + "X-Vault-Token: good\r\n", body: body))
            #expect(known.hasSuffix("\(Self.size) bytes"))
            for headers in ["", "X-Vault-Token: wrong\r\n"] {
                let refused = try await live.talk(request(length + headers, body: body))
                #expect(refused.hasPrefix("HTTP/1.1 413 "))
            }
            #expect(live.shell.underWay == (0, 0))
        }
    }

    @Test func aRefusalOfTheDialectIsTold() async throws {
        try await LiveShell.run([KnowingDialect()]) { live in
            let headers = "Content-Length: \(Self.size)\r\nX-Vault-Token: often\r\n"
            let refused = try await live.talk(request(headers, body: ""))
            #expect(refused.hasPrefix("HTTP/1.1 429 "))
        }
    }

    @Test("a refusal leaves an audit line if the request was wrong, or if a known caller's large body found no room")
    func recordedRefusals() {
        #expect(HTTPRefusal.largeBodiesFull.isRecorded && HTTPRefusal.bodyTooLarge.isRecorded && HTTPRefusal.malformed.isRecorded)
        #expect(!HTTPRefusal.busy.isRecorded && !HTTPRefusal.slow.isRecorded && !HTTPRefusal.tookTooLong.isRecorded)
    }

    @Test func aSmallChunkedBodyNeedsNobodyToBeKnown() async throws {
        try await LiveShell.run([KnowingDialect()]) { live in
            let reply = try await live.talk(
                request("Transfer-Encoding: chunked\r\n", body: "3\r\nabc\r\n0\r\n\r\n"), closesInput: true)
            #expect(reply.hasSuffix("3 bytes"))
        }
    }

    @Test func aStrangerIsRefusedBeforeItsBodyIsSent() async throws {
        try await LiveShell.run([KnowingDialect()]) { live in
            let headers = "Content-Length: \(Self.size)\r\nExpect: 100-continue\r\n"
            let refused = try await live.talk(request(headers, body: ""))
            #expect(refused.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func theListenersOwnLimitHoldsForEverybody() async throws {
        try await LiveShell.run([KnowingDialect()], { $0.limits.bodyBytesMax = 1_000 }) { live in
            for size in [1_000, 1_001] {
                let reply = try await live.talk(
                    request("Content-Length: \(size)\r\nX-Vault-Token: good\r\n", body: String(repeating: "b", count: size)))
                #expect(reply.hasPrefix("HTTP/1.1 \(size == 1_000 ? 200 : 413) "))
            }
        }
    }

    @Test func largeBodiesAreBoundedTogetherAndLeaveRoomForSmallOnes() async throws {
        var capacity = ShellCapacity()
        capacity.largeBodyBytesMax = 1 << 20
        try await LiveShell.run([KnowingDialect()], capacity: capacity) { live in
            let large = try await live.talk(request("Content-Length: \(Self.size)\r\nX-Vault-Token: good\r\n", body: whole))
            #expect(large.hasPrefix("HTTP/1.1 503 "))
            #expect(live.shell.underWay == (0, 0))
            let small = try await live.talk(request("Content-Length: 3\r\nX-Vault-Token: good\r\n", body: "abc"))
            #expect(small.hasSuffix("3 bytes"))
        }
    }

    @Test func whatIsAnnouncedIsHeldAgainstTheRoomForLargeBodies() async throws {
        var capacity = ShellCapacity()
        capacity.largeBodyBytesMax = 2 * Self.size
        try await LiveShell.run([KnowingDialect()], capacity: capacity) { live in
            let head =
                "PUT /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: \(Self.size)\r\nX-Vault-Token: good\r\n"
                + "Expect: 100-continue\r\n\r\n"
            try await onThread {
                let clients = try (0..<2).map { _ in
                    let client = try RawClient(port: live.port)
                    try client.send(head)
                    _ = try client.read(until: "100 Continue\r\n\r\n")
                    return client
                }
                let refused = try RawClient(port: live.port)
                try refused.send(head)
                let refusal = try refused.readToEnd()
                #expect(refusal.hasPrefix("HTTP/1.1 503 ") && refusal.lowercased().contains("retry-after: 1\r\n"))
                // The room is that of the two until one is done and the other is gone.
                try clients[0].send(whole)
                #expect(try clients[0].read(until: " bytes").hasSuffix("\(Self.size) bytes"))
            }
            while live.shell.underWay != (0, 0) { try await Task.sleep(for: .milliseconds(5)) }
            for _ in 0..<3 {
                let known = try await live.talk(
                    request("Content-Length: \(Self.size)\r\nX-Vault-Token: good\r\n", body: whole))
                #expect(known.hasSuffix("\(Self.size) bytes"))
            }
        }
    }

    @Test func anAnnouncedLengthTakesNoMemory() async throws {
        var capacity = ShellCapacity()
        capacity.bodyBytesMax = 100_000
        try await LiveShell.run([KnowingDialect()], capacity: capacity) { live in
            let client = try await onThread {
                let client = try RawClient(port: live.port)
                try client.send(request("Content-Length: \(Self.size)\r\nX-Vault-Token: good\r\n", body: "a few bytes"))
                return client
            }
            // Announced, and not counted: others are served beside it.
            let reply = try await live.talk(request("Content-Length: 90000\r\n", body: String(repeating: "b", count: 90_000)))
            #expect(reply.hasSuffix("90000 bytes"))
            client.closeOutput()
        }
    }
}
