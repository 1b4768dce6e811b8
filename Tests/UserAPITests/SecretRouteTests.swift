import EngineKit
import HTTPShell
import NIOHTTP1
import Syntax
import TestSupport
import Testing

@testable import UserAPI

@Suite("Secrets over the User API")
struct SecretRouteTests {
    private typealias Harness = UserAPIHarness
    private static let members = [
        "id", "user_id", "name", "provider", "secret_type", "description", "tags", "is_active", "last_used_at", "usage_count",
        "expires_at", "created_at", "updated_at", "value",
    ]

    @Test("are stored with 201, and have all members of the protocol")
    func stored() async throws {
        let server = try await Harness()
        let made = await server.store(["is_active": false, "usage_count": 7])
        #expect(made.status == 201 && made.json.objectValue?.members.map(\.key) == Self.members)
        #expect(made["value"] == .null && made["tags"] == [] && made["description"] == .null && made["is_active"] == true)
        #expect(made["usage_count"] == 0 && made["last_used_at"] == .null && made["user_id"] == .string(Harness.alice))
        let again = await server.store([
            "value": "sk-other", "description": "new", "tags": ["a"], "expires_at": "2030-01-31T12:00:00+02:00",
        ])
        #expect(again.status == 201 && again["id"] == made["id"] && again["created_at"] == made["created_at"])
        #expect(again["expires_at"] == "2030-01-31T10:00:00" && again["tags"] == ["a"])
        let third = await server.store()
        #expect(third["expires_at"] == .null && third["tags"] == [] && third["description"] == .null)
    }

    @Test("are listed whole, the newest first, as the filters say")
    func listed() async throws {
        let server = try await Harness()
        await server.store()
        server.time.advance(seconds: 1)
        await server.store(["provider": "anthropic"])
        server.time.advance(seconds: 1)
        let last = await server.store(["provider": "cohere", "secret_type": "password"])
        _ = await server.ask("PUT", "/api/v1/secrets/\(last["id"]?.stringValue ?? "")", ["is_active": false])
        func providers(_ query: String) async -> [String] {
            await server.ask("GET", "/api/v1/secrets" + query).json.arrayValue?.compactMap { $0["provider"]?.stringValue } ?? ["?"]
        }
        #expect(await providers("") == ["cohere", "anthropic", "openai"])
        #expect(await providers("?other=1&provider=") == ["cohere", "anthropic", "openai"])
        #expect(await providers("?provider=openai&secret_type=api_key&is_active=true") == ["openai"])
        #expect(await providers("?is_active=0") == ["cohere"])
        #expect(await providers("?is_active=True") == ["anthropic", "openai"])
        #expect(await providers("?provider=open") == [])
        #expect(await server.ask("GET", "/api/v1/secrets?is_active=maybe").status == 422)
        #expect(await server.ask("GET", "/api/v1/secrets").json.arrayValue?.allSatisfy { $0["value"] == .null } == true)
        #expect(!(await server.ask("GET", "/api/v1/secrets").text.contains("canary")))
    }

    @Test("change where something is sent, and nowhere else")
    func changed() async throws {
        let server = try await Harness()
        let made = await server.store(["description": "d", "tags": ["a"], "expires_at": "2030-01-31"])
        let path = "/api/v1/secrets/\(made["id"]?.stringValue ?? "")"
        server.time.advance(seconds: 5)
        #expect(await server.ask("PUT", path, [:]).json == made.json)
        let nulls = await server.ask(
            "PUT", path, ["name": .null, "tags": .null, "expires_at": .null, "description": .null, "is_active": .null])
        #expect(nulls.status == 200 && nulls.json == made.json)
        let emptied = await server.ask(
            "PUT", path, ["description": "", "tags": [], "provider": "x", "user_id": "y", "name": "New"])
        #expect(
            emptied["description"] == "" && emptied["tags"] == [] && emptied["provider"] == "openai" && emptied["name"] == "New")
        #expect(emptied["updated_at"] != made["updated_at"] && emptied["expires_at"] == "2030-01-31T00:00:00")
        #expect(await server.ask("GET", path + "?decrypt=true")["value"] == "sk-canary-0123456789abcd")
        #expect(await server.ask("PUT", path, ["value": "v2", "is_active": false])["is_active"] == false)
        #expect(await server.ask("GET", path + "?decrypt=1")["value"] == "v2")
        #expect(await server.ask("GET", path + "?decrypt=false")["value"] == .null)
        #expect(await server.ask("GET", path + "?decrypt=yes").status == 422)
    }

    @Test("are gone with 204, and a new one has a new id")
    func deleted() async throws {
        let server = try await Harness()
        let made = await server.store()
        let path = "/api/v1/secrets/\(made["id"]?.stringValue ?? "")"
        let gone = await server.ask("DELETE", path)
        #expect(gone.status == 204 && gone.text.isEmpty)
        #expect(await server.ask("DELETE", path).status == 404)
        #expect(await server.store()["id"] != made["id"])
    }

    @Test(
        "are not found alike: unknown, no uuid, malformed",
        arguments: ["00000000-0000-4000-8000-000000000000", "abc", "1", "%2e%2e", "a%2Fb", "a%00"])
    func missing(id: String) async throws {
        let server = try await Harness()
        for (method, body) in [("GET", nil), ("PUT", ["name": "x"]), ("DELETE", nil)] as [(String, JSON?)] {
            let answer = await server.ask(method, "/api/v1/secrets/" + id, body)
            #expect(answer.status == 404 && answer.text == #"{"detail":"Secret not found"}"#, "\(method)")
        }
    }

    @Test("are found by an id in upper case")
    func upperCase() async throws {
        let server = try await Harness()
        let id = try #require(await server.store()["id"]?.stringValue)
        #expect(await server.ask("GET", "/api/v1/secrets/" + id.uppercased()).status == 200)
    }

    @Test("explain what is wrong in a text that never has the value")
    func refused() async throws {
        let server = try await Harness()
        let value = "canary-value"
        let full: JSONObject = ["name": "a", "provider": "b", "secret_type": "c", "value": .string(value)]
        var bodies: [JSON] = [[], "x", .string(value), .null]
        for name in ["name", "provider", "secret_type", "value"] {
            for wrong: JSON in [.null, 5, true, [.string(value)], ["a": .string(value)]] {
                var body = full
                body[name] = wrong
                bodies.append(.object(body))
            }
        }
        for (name, wrong) in [
            ("tags", .string(value)), ("tags", [5]), ("tags", ["a\u{1}"]), ("description", 5), ("expires_at", .string(value)),
            ("expires_at", true), ("expires_at", "2030-13-45"), ("name", .string("a\u{0}" + value)),
            ("value", .string(value + String(repeating: "x", count: 65_536))),
        ] as [(String, JSON)] {
            var body = full
            body[name] = wrong
            bodies.append(.object(body))
        }
        for body in bodies {
            let answer = await server.ask("POST", "/api/v1/secrets", body)
            #expect(answer.status == 422 && answer["detail"]?.stringValue?.isEmpty == false, "\(body)")
            #expect(!answer.text.contains(value))
        }
        for raw in ["", "{", "{\"name\":\"\(value)\",\"name\":\"b\"}", "\u{0}"] {
            let answer = await server.ask("POST", "/api/v1/secrets", bearer: "Bearer " + server.token(), raw: raw)
            #expect(answer.status == 422 && answer["detail"]?.stringValue != nil && !answer.text.contains(value))
        }
        #expect(await server.ask("GET", "/api/v1/secrets").text == "[]")
    }

    @Test("of a restricted kind are never revealed")
    func restricted() async throws {
        let server = try await Harness()
        let made = await server.store(["secret_type": "oauth_token"])
        let answer = await server.ask("GET", "/api/v1/secrets/\(made["id"]?.stringValue ?? "")?decrypt=true")
        #expect(answer.status == 403 && answer["detail"]?.stringValue?.contains("restricted") == true)
        #expect(!answer.text.contains("canary"))
    }

    @Test("have other paths and methods refused")
    func routes() async throws {
        let server = try await Harness()
        for (method, path, allow) in [
            ("PATCH", "/api/v1/secrets", "GET, POST"), ("DELETE", "/api/v1/secrets", "GET, POST"),
            ("POST", "/api/v1/secrets/x", "DELETE, GET, PUT"), ("OPTIONS", "/api/v1/secrets", "GET, POST"),
        ] {
            let answer = await server.ask(method, path)
            #expect(answer.status == 405 && answer.text == #"{"detail":"Method Not Allowed"}"# && answer.headers["allow"] == allow)
        }
        for path in ["/api/v1/", "/api/v1/secret", "/api/v1/secrets/a/b", "/api/v1/oauth/tokens", "/api/v1/me", "/api/v1/me/keys"] {
            #expect(await server.ask("GET", path).status == 404)
        }
        #expect(await server.ask("GET", "/api/v1/secrets/").status == 200)
        #expect(await server.ask("GET", "/api/v1/openapi.json", bearer: nil)["openapi"] == "3.1.0")
    }

    @Test("can be searched in pages with true counts")
    func searched() async throws {
        let server = try await Harness()
        for index in 0..<7 {
            await server.store(["provider": .string("p\(index)"), "tags": index.isMultiple(of: 2) ? ["even"] : []])
            server.time.advance(seconds: 1)
        }
        var seen: [String] = []
        var after = ""
        repeat {
            let page = await server.ask("GET", "/api/v1/me/secrets?limit=3" + (after.isEmpty ? "" : "&after=" + after))
            #expect(page["total"] == 7)
            seen += page["secrets"]?.arrayValue?.compactMap { $0["provider"]?.stringValue } ?? []
            after = page["next"]?.stringValue ?? ""
        } while !after.isEmpty
        #expect(seen == (0..<7).reversed().map { "p\($0)" })
        #expect(await server.ask("GET", "/api/v1/me/secrets?tag=even")["total"] == 4)
        #expect(await server.ask("GET", "/api/v1/me/tags")["tags"] == [["tag": "even", "count": 4]])
    }

    @Test("can be read by pages of the configured origins, errors too")
    func origins() async throws {
        let server = try await Harness()
        let origin = ("Origin", "http://localhost:5173")
        let preflight = await server.ask(
            "OPTIONS", "/api/v1/secrets", bearer: nil, headers: [origin, ("Access-Control-Request-Method", "POST")])
        #expect(preflight.status == 204 && preflight.headers["access-control-allow-origin"] == origin.1)
        #expect(preflight.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, PATCH, OPTIONS")
        for (path, bearer, status) in [
            ("/api/v1/secrets", "Bearer " + server.token(), 200), ("/api/v1/secrets", "", 401), ("/api/v1/x", "", 404),
            ("/api/v1/secrets/x", "Bearer " + server.token(), 404),
            ("/api/v1/secrets?is_active=x", "Bearer " + server.token(), 422),
        ] {
            let answer = await server.ask("GET", path, bearer: bearer, headers: [origin])
            #expect(answer.status == status && answer.headers["access-control-allow-origin"] == origin.1, "\(path)")
            #expect(answer.headers["access-control-expose-headers"]?.contains("X-Request-ID") == true)
            let other = await server.ask("GET", path, bearer: bearer, headers: [("Origin", "https://evil.example")])
            #expect(other.status == status && other.headers["access-control-allow-origin"] == nil)
        }
        let refused = await server.dialect.record(
            HTTPRefusal.bodyTooLarge,
            of: ShellRequest(id: "1", method: "POST", path: "/api/v1/secrets", headers: ["Origin": "http://localhost:5173"]))
        #expect(refused?.headers.contains { $0.name == "access-control-allow-origin" } == true)
    }
}
