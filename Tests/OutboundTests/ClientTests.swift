import NIOHTTP1
import NIOPosix
import Outbound
import TestSupport
import Testing

@Suite("Calling other servers")
struct ClientTests {
    private func client(_ resolver: ScriptedResolver, allowsPrivate: Bool = true, milliseconds: Int64 = 600_000) -> OutboundClient {
        var settings = OutboundClient.Settings()
        settings.policy = AddressPolicy(allowsPrivate: allowsPrivate)
        settings.timeoutMilliseconds = milliseconds
        return OutboundClient(group: MultiThreadedEventLoopGroup.singleton, resolver: resolver, settings: settings)
    }

    private func failure(_ client: OutboundClient, _ request: OutboundRequest) async -> OutboundError? {
        do throws(OutboundError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test("sends what it was given and nothing of its own, and gives the whole answer")
    func exchange() async throws {
        let server = try await LoopbackServer.start(
            headers: [("content-type", "Application/JSON; charset=utf-8"), ("retry-after", "7")], body: Array("{\"a\":1}".utf8))
        let resolver = ScriptedResolver(["127.0.0.1"])
        var request = OutboundRequest(.post, "http://provider.test:\(server.port)/token?x=1", allowedHosts: ["provider.test"])
        request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
        request.body = Array("a=b".utf8)
        let reply = try await client(resolver).send(request)
        var expected = OutboundReply(status: 200, contentType: "application/json", retryAfter: 7, body: Array("{\"a\":1}".utf8))
        expected.isFromPrivateAddress = true
        #expect(reply == expected)
        let seen = try #require(server.seen.first)
        #expect(seen.head.uri == "/token?x=1" && seen.body == Array("a=b".utf8))
        let names = Set(seen.head.headers.map { $0.name.lowercased() })
        #expect(names == ["host", "connection", "content-length", "content-type", "user-agent", "accept"])
        #expect(seen.head.headers.first(name: "host") == "provider.test:\(server.port)")
        await server.stop()
    }

    @Test("a name that leads inside is refused, and a second look-up that would lead inside is never made")
    func rebinding() async throws {
        let server = try await LoopbackServer.start()
        let url = "https://rebind.test:\(server.port)/"
        let inside = ScriptedResolver(["127.0.0.1"])
        #expect(
            await failure(client(inside, allowsPrivate: false), OutboundRequest(.get, url, allowedHosts: ["rebind.test"]))
                == .refused(.forbiddenAddress))
        // Outside at the first look-up, inside at the second: the one address that was checked is the one that is called.
        let rebinding = ScriptedResolver(["192.0.2.1"], ["127.0.0.1"])
        _ = await failure(
            client(rebinding, milliseconds: 5_000), OutboundRequest(.get, url, allowedHosts: ["rebind.test"]))
        #expect(rebinding.asked == ["rebind.test"])
        #expect(server.seen.isEmpty)
        await server.stop()
    }

    @Test(
        "one forbidden address condemns the name",
        arguments: [["8.8.8.8", "127.0.0.1"], ["::ffff:10.0.0.1"], ["169.254.169.254"], ["::1"], ["8.8.8.8", "fd00::1"]])
    func mixed(addresses: [String]) async {
        let client = client(ScriptedResolver(addresses), allowsPrivate: false)
        let request = OutboundRequest(.get, "https://mixed.test/", allowedHosts: ["mixed.test"])
        #expect(await failure(client, request) == .refused(.forbiddenAddress))
    }

    @Test(
        "refuses before anything is resolved",
        arguments: [
            ("http://allowed.test/", OutboundError.refused(.notHTTPS)), ("https://other.test/", .refused(.hostNotAllowed)),
            ("https://allowed.test.evil.test/", .refused(.hostNotAllowed)), ("https://2130706433/", .refused(.malformedURL)),
            ("https://allowed.test@evil.test/", .refused(.malformedURL)), ("https://127.0.0.1/", .refused(.hostNotAllowed)),
        ])
    func refusals(url: String, expected: OutboundError) async {
        let resolver = ScriptedResolver(["8.8.8.8"])
        let error = await failure(
            client(resolver, allowsPrivate: false), OutboundRequest(.get, url, allowedHosts: ["allowed.test"]))
        #expect(error == expected)
        #expect(resolver.asked.isEmpty)
    }

    @Test("an address in allowed_hosts is still checked")
    func literal() async {
        let client = client(ScriptedResolver(["8.8.8.8"]), allowsPrivate: false)
        let request = OutboundRequest(.get, "https://127.0.0.1/", allowedHosts: ["127.0.0.1"])
        #expect(await failure(client, request) == .refused(.forbiddenAddress))
    }

    @Test("headers that could end the head are refused", arguments: ["a\r\nb: c", "a\u{0}"])
    func headers(value: String) async {
        var request = OutboundRequest(.get, "https://a.test/", allowedHosts: ["a.test"])
        request.headers = [("X-Value", value)]
        #expect(await failure(client(ScriptedResolver(["8.8.8.8"])), request) == .refused(.badHeader))
    }

    @Test("a redirect is an answer and is not followed")
    func redirect() async throws {
        let server = try await LoopbackServer.start(status: 302, headers: [("location", "http://169.254.169.254/")], body: [])
        let resolver = ScriptedResolver(["127.0.0.1"])
        let reply = try await client(resolver).send(
            OutboundRequest(.get, "http://a.test:\(server.port)/", allowedHosts: ["a.test"]))
        #expect(reply.status == 302 && resolver.asked == ["a.test"])
        await server.stop()
    }

    @Test("tells what was not sent from what was not answered")
    func phases() async throws {
        let request = { (port: Int) in OutboundRequest(.get, "http://a.test:\(port)/", allowedHosts: ["a.test"]) }
        let here = ScriptedResolver(["127.0.0.1"])
        let closed = try await LoopbackServer.start()
        await closed.stop()
        #expect(await failure(client(here), request(closed.port)) == .notSent(.unreachable))
        #expect(await failure(client(ScriptedResolver([])), request(1)) == .notSent(.unresolved))
        let hangingUp = try await LoopbackServer.start(status: nil)
        #expect(await failure(client(here), request(hangingUp.port)) == .unanswered(.closed))
        let silent = try await LoopbackServer.start(answers: false)
        #expect(await failure(client(here, milliseconds: 5_000), request(silent.port)) == .unanswered(.timedOut))
        let large = try await LoopbackServer.start(body: [UInt8](repeating: 0x20, count: (64 << 10) + 1))
        #expect(await failure(client(here), request(large.port)) == .unanswered(.tooLarge))
        let fits = try await LoopbackServer.start(body: [UInt8](repeating: 0x20, count: 64 << 10))
        #expect(await failure(client(here), request(fits.port)) == nil)
        for server in [hangingUp, silent, large, fits] { await server.stop() }
    }

    @Test("a server without the right certificate gets no request")
    func certificate() async throws {
        let plain = try await LoopbackServer.start()
        let error = await failure(
            client(ScriptedResolver(["127.0.0.1"])),
            OutboundRequest(.get, "https://a.test:\(plain.port)/", allowedHosts: ["a.test"]))
        #expect(error == .notSent(.tlsFailed))
        #expect(plain.seen.isEmpty)
        await plain.stop()
    }
}
