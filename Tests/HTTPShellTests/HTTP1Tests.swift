import Foundation
import HTTPShell
import Testing

@Suite struct HTTP1Tests {
    @Test func answersWithTheHeadersEveryReplyHas() async throws {
        try await LiveShell.run { live in
            let reply = try await live.talk("GET /v1/a?x=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let lines = reply.split(separator: "\r\n", omittingEmptySubsequences: false)
            #expect(lines[0] == "HTTP/1.1 200 OK")
            for header in [
                "cache-control: no-store", "x-content-type-options: nosniff", "content-type: text/plain", "connection: close",
            ] { #expect(lines.contains(Substring(header))) }
            #expect(lines.contains { $0.hasPrefix("date: ") && $0.hasSuffix(" GMT") })
            #expect(reply.hasSuffix("\r\n\r\nGET /v1/a ?x=1 0 127.0.0.1"))
        }
    }

    @Test func everyRequestHasAnIDOfItsOwn() async throws {
        try await LiveShell.run { live in
            let one = "GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n"
            let reply = try await live.talk(one + one + one, closesInput: true)
            let ids = reply.split(separator: "\r\n").filter { $0.hasPrefix("x-request-id: ") }
            let pattern = #/x-request-id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#
            #expect(ids.count == 3)
            #expect(Set(ids).count == 3)
            #expect(ids.allSatisfy { $0.wholeMatch(of: pattern) != nil })
        }
    }

    @Test func answersPipelinedRequestsInTheirOrder() async throws {
        try await LiveShell.run { live in
            let requests = (0..<500).map { "GET /v1/\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
            let reply = try await live.talk(requests, closesInput: true)
            let paths = reply.matches(of: #/GET /v1/([0-9]+) /#).map { Int($0.1) ?? -1 }
            #expect(paths == Array(0..<500))
        }
    }

    @Test func pipelinedRequestsWaitForASlowAnswer() async throws {
        let gate = GatedDialect()
        try await LiveShell.run([gate]) { live in
            async let reply = live.talk(
                "GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\nGET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            await gate.arrived()
            gate.open()
            let text = try await reply
            let first = try #require(text.range(of: "200 OK"))
            let second = try #require(text.range(of: "404 Not Found"))
            #expect(first.lowerBound < second.lowerBound)
        }
    }

    @Test func answersAClientThatHasClosedItsHalf() async throws {
        try await LiveShell.run { live in
            let reply = try await live.talk("POST /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", closesInput: true)
            #expect(reply.hasSuffix("POST /v1/a ? 3 127.0.0.1"))
        }
    }

    @Test func gathersAChunkedBody() async throws {
        try await LiveShell.run { live in
            let reply = try await live.talk(
                "PUT /v1/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
            #expect(reply.hasSuffix("PUT /v1/a ? 5 127.0.0.1"))
        }
    }

    @Test func headGetsTheLengthAndNoBody() async throws {
        try await LiveShell.run { live in
            let reply = try await live.talk("HEAD /v1/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(reply.contains("content-length: 24\r\n"))
            #expect(reply.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func goesOnWhenTheClientExpectsIt() async throws {
        try await LiveShell.run { live in
            let reply = try await onThread {
                let client = try RawClient(port: live.port)
                try client.send(
                    "PUT /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
                let interim = try client.read(until: "\r\n\r\n")
                try client.send("ab")
                return interim + (try client.readToEnd())
            }
            #expect(reply.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"))
        }
    }

    @Test func closesAfterAnHTTP10Request() async throws {
        try await LiveShell.run { live in
            let reply = try await live.talk("GET /v1/a HTTP/1.0\r\n\r\n")
            #expect(reply.contains("200 OK"))
            #expect(reply.contains("connection: close"))
        }
    }

    @Test func servesTheMethodsOfTheVaultAPI() async throws {
        try await LiveShell.run { live in
            let methods = ["LIST", "SCAN", "GET", "PATCH", "DELETE"]
            let requests = methods.map { "\($0) /v1/a HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
            let reply = try await live.talk(requests, closesInput: true)
            #expect(reply.matches(of: #/([A-Z]+) /v1/a /#).map { String($0.1) } == methods)
        }
    }

    @Test func takesARequestByteForByte() async throws {
        try await LiveShell.run { live in
            let reply = try await onThread {
                let client = try RawClient(port: live.port)
                for byte in "\r\nPUT /v1/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc" {
                    try client.send(String(byte))
                }
                return try client.readToEnd()
            }
            #expect(reply.hasSuffix("PUT /v1/a ? 3 127.0.0.1"))
        }
    }

    @Test func whatNoDialectServesIsNotFound() async throws {
        try await LiveShell.run { live in
            let reply = try await live.talk("GET /v2/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(reply.hasPrefix("HTTP/1.1 404"))
            #expect(reply.contains("content-type: application/json\r\n"))
            #expect(reply.hasSuffix("{\"errors\":[]}"))
        }
    }

    @Test func aClientThatReadsNothingHoldsUpNobody() async throws {
        struct Large: Dialect {
            let prefix = "/v1/"
            func respond(to request: ShellRequest) async -> ShellResponse {
                ShellResponse(status: 200, body: [UInt8](repeating: 0x61, count: 1 << 20))
            }
        }
        try await LiveShell.run([Large()], { $0.timeouts.writeMilliseconds = 50 }) { live in
            let got = try await onThread {
                let client = try RawClient(port: live.port)
                try client.send(String(repeating: "GET /v1/a HTTP/1.1\r\nHost: h\r\n\r\n", count: 1_000))
                // Reads only once the server has given up on it; without that this would read a gigabyte.
                Thread.sleep(forTimeInterval: 0.3)
                return try client.readToEnd().utf8.count
            }
            #expect(got < 64 << 20)
            #expect(live.shell.underWay == (0, 0))
        }
    }
}
