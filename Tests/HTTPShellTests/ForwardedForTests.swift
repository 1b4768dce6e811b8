import EngineKit
import HTTPShell
import Testing

@Suite struct ForwardedForTests {
    private func forwarding(_ ranges: String..., skips: Int = 0, strict: Bool = true) -> ForwardedFor {
        ForwardedFor(
            authorized: ranges.compactMap { AddressRange($0) }, hopSkips: skips, rejectsUnauthorized: strict, rejectsAbsent: strict)
    }

    private func ask(_ forwarding: ForwardedFor, _ header: String) async throws -> String {
        nonisolated(unsafe) var reply = ""
        try await LiveShell.run([EchoDialect()], { $0.forwarding = forwarding }) { live in
            reply = try await live.talk("GET /v1/a HTTP/1.1\r\nHost: h\r\n\(header)Connection: close\r\n\r\n")
        }
        return reply
    }

    @Test func takesTheAddressAnAuthorizedProxySays() async throws {
        let reply = try await ask(forwarding("127.0.0.0/8"), "X-Forwarded-For: 10.1.1.1, 203.0.113.7\r\n")
        #expect(reply.hasSuffix("0 203.0.113.7"))
    }

    @Test func skipsHops() async throws {
        let reply = try await ask(forwarding("127.0.0.1", skips: 1), "X-Forwarded-For: 10.1.1.1, 203.0.113.7\r\n")
        #expect(reply.hasSuffix("0 10.1.1.1"))
    }

    @Test(
        "refuses",
        arguments: [
            ("10.0.0.0/8", "X-Forwarded-For: 10.1.1.1\r\n"), ("127.0.0.1", ""), ("127.0.0.1", "X-Forwarded-For: canary\r\n"),
        ])
    func refuses(_ range: String, _ header: String) async throws {
        let reply = try await ask(forwarding(range), header)
        #expect(reply.hasPrefix("HTTP/1.1 400 "))
        #expect(!reply.contains("canary"))
    }

    @Test func listensToNobodyElseWhenLenient() async throws {
        let reply = try await ask(forwarding("10.0.0.0/8", strict: false), "X-Forwarded-For: 10.1.1.1\r\n")
        #expect(reply.hasSuffix("0 127.0.0.1"))
    }

    @Test(
        "knows what a range holds",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.168.1.128/25", "192.168.1.127", false),
            ("192.168.1.128/25", "192.168.1.200", true), ("0.0.0.0/0", "8.8.8.8", true), ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("fd00::/8", "fd12::1", true), ("fd00::/8", "fe80::1", false), ("::/0", "10.0.0.1", false),
        ])
    func contains(_ range: String, _ address: String, _ isInside: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(address) == isInside)
    }

    @Test(
        "refuses as a range",
        arguments: ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "host", "1.2.3.4/-1"])
    func refusesRange(_ text: String) { #expect(AddressRange(text) == nil) }
}
