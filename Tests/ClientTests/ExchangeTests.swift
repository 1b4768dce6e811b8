import CofferClient
import Syntax
import Testing

@Suite struct ExchangeTests {
    @Test("marks requests as the client's own and sends the token once")
    func headers() async throws {
        let transport = ScriptedTransport([.init(204)])
        let client = try client(transport) {
            $0.namespace = "team"; $0.headers = [HeaderItem("x-vault-token", "hvs.other")]
        }
        _ = try await client.send(.post, "a/b", body: ["k": "v"])
        let headers = try #require(transport.requests.first).headers
        #expect(headers.first(named: "X-Vault-Request") == "true")
        #expect(headers.first(named: "X-Vault-Namespace") == "team")
        #expect(headers.first(named: "Content-Type") == "application/json")
        #expect(headers.filter { $0.name.lowercased() == "x-vault-token" }.map(\.value) == ["hvs.other"])
    }

    @Test(
        "encodes paths and queries",
        arguments: [
            ("secret/data/a b", "secret/data/a%20b"), ("/a//b/", "a//b/"), ("a?b#c%", "a%3Fb%23c%25"), ("ä", "%C3%A4"),
            ("a:b@c+d", "a:b@c+d"),
        ])
    func paths(path: String, expected: String) async throws {
        let transport = ScriptedTransport([.init(204)])
        _ = try await client(transport, "http://server:8200/prefix/").send(.list, path, query: [QueryItem("a", "b&c=d")])
        #expect(transport.requests.first?.url == "http://server:8200/prefix/v1/\(expected)?a=b%26c%3Dd&list=true")
        #expect(transport.requests.first?.method == .get)
    }

    @Test(
        "repeats a read that failed for a moment, a bounded number of times",
        arguments: [(412, 3), (500, 3), (503, 3), (501, 1), (404, 1), (400, 1)])
    func retries(status: Int, attempts: Int) async throws {
        let transport = ScriptedTransport([.init(status, #"{"errors":[]}"#)])
        #expect(try await client(transport).send(.get, "x").status == status)
        #expect(transport.requests.count == attempts)
    }

    @Test("never repeats a write, a health check or a request of a sealed server")
    func noRetries() async throws {
        let transport = ScriptedTransport([.init(503, #"{"errors":["Vault is sealed"]}"#)])
        let client = try client(transport)
        _ = try await client.send(.put, "x", body: [:])
        _ = try await client.send(.get, "sys/health")
        _ = try await client.send(.get, "x")
        #expect(transport.requests.count == 3)
    }

    @Test("follows a redirect within the server")
    func redirect() async throws {
        let transport = ScriptedTransport([
            .init(307, location: "/v1/y?a=b"), .init(307, location: "HTTP://Server:8200/v1/z"), .init(200, "{}"),
        ])
        #expect(try await client(transport).send(.put, "x", body: ["a": 1]).status == 200)
        #expect(
            transport.requests.map(\.url) == ["http://server:8200/v1/x", "http://server:8200/v1/y?a=b", "HTTP://Server:8200/v1/z"])
        #expect(transport.requests.last?.body != nil)
    }

    @Test(
        "carries no token to another host, port or scheme",
        arguments: [
            "http://other:8200/v1/x", "http://server/v1/x", "https://server:8200/v1/x", "//other/v1/x", "http://server:8200@other/",
            "x",
        ])
    func foreignRedirect(location: String) async throws {
        let transport = ScriptedTransport([.init(307, location: location)])
        let client = try client(transport)
        let error = await #expect(throws: ClientError.self) { try await client.send(.get, "x") }
        #expect(error?.code == .redirectRefused)
        #expect(transport.requests.count == 1)
    }

    @Test("ends an endless redirect")
    func redirectLoop() async throws {
        let transport = ScriptedTransport([.init(307, location: "/v1/x")])
        let client = try client(transport)
        let error = await #expect(throws: ClientError.self) { try await client.send(.get, "x") }
        #expect(error?.code == .redirectRefused)
        #expect(transport.requests.count == 4)
    }

    @Test("gives an API error its status, reasons and place, and never the token")
    func apiError() async throws {
        let client = try client(ScriptedTransport([.init(403, #"{"errors":["permission denied"]}"#)]))
        let error = try #require(await #expect(throws: ClientError.self) { try await client.write("secret/x", ["a": "value"]) })
        #expect(error.code == .api)
        #expect(error.status == 403)
        #expect(error.errors == ["permission denied"])
        #expect(error.url == "http://server:8200/v1/secret/x")
        #expect(!String(reflecting: error.description).contains("hvs.secret"))
        #expect(!error.description.contains("value"))
    }

    @Test("tells absence from an error")
    func absence() async throws {
        #expect(try await client(ScriptedTransport([.init(404, #"{"errors":[]}"#)])).read("x") == nil)
        let deleted = try await client(ScriptedTransport([.init(404, #"{"request_id":"r","data":{"data":null,"metadata":{}}}"#)]))
            .read("x")
        #expect(deleted?.data?["metadata"] == [:])
        let unrouted = try client(ScriptedTransport([.init(404, #"{"errors":["no handler for route"]}"#)]))
        let error = await #expect(throws: ClientError.self) { try await unrouted.read("x") }
        #expect(error?.status == 404)
    }

    @Test(
        "finds KV mounts",
        arguments: [
            (#"{"data":{"path":"secret/","options":{"version":"2"}}}"#, "secret/data/a"),
            (#"{"data":{"path":"secret/","options":null}}"#, "secret/a"),
        ])
    func mount(answer: String, expected: String) async throws {
        let mount = try await client(ScriptedTransport([.init(200, answer)])).sys.keyValueMount(of: "secret/a")
        #expect(mount.apiPath("secret/a", "data") == expected)
    }

    @Test("asks a mount for help with a slash when it does not answer without")
    func help() async throws {
        let transport = ScriptedTransport([.init(404, #"{"errors":["no handler"]}"#), .init(200, #"{"help":"text"}"#)])
        #expect(try await client(transport).help("secret") == "text")
        #expect(transport.requests.last?.url == "http://server:8200/v1/secret/?help=1")
    }

    @Test("writes a KV version with check-and-set")
    func kv2() async throws {
        let transport = ScriptedTransport([.init(200, #"{"data":{"version":5}}"#)])
        let metadata = try await client(transport).kv2(mount: "kv").put("a/b", ["n": .number("1.0")], cas: 4)
        #expect(metadata["version"] == 5)
        #expect(transport.requests.first?.url == "http://server:8200/v1/kv/data/a/b")
        #expect(
            transport.requests.first.map { String(decoding: $0.body ?? [], as: UTF8.self) }
                == #"{"data":{"n":1.0},"options":{"cas":4}}"#)
    }
}
