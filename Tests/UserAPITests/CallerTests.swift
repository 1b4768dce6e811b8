import EngineKit
import JOSE
import Syntax
import TestSupport
import Testing

@testable import UserAPI

@Suite("Callers of the User API")
struct CallerTests {
    private typealias Harness = UserAPIHarness

    private func isRefused(_ answer: UserAPIHarness.Answer) -> Bool {
        answer.status == 401 && answer.text == #"{"detail":"Authentication required"}"#
            && answer.headers["www-authenticate"] == "Bearer"
    }

    /// Every route with an answer that tells something, and one that changes something.
    private func everything(_ id: String) -> [(String, String, JSON?)] {
        [
            ("GET", "/api/v1/secrets", nil), ("GET", "/api/v1/secrets/\(id)", nil),
            ("GET", "/api/v1/secrets/\(id)?decrypt=true", nil), ("DELETE", "/api/v1/secrets/\(id)", nil),
            ("PUT", "/api/v1/secrets/\(id)", ["name": "x"]), ("PUT", "/api/v1/secrets/\(id)", ["name": 5]),
            (
                "POST", "/api/v1/secrets", ["name": "a", "provider": "b", "secret_type": "c", "value": "d"]
            ), ("POST", "/api/v1/secrets", [:]), ("GET", "/api/v1/secrets/nonsense", nil), ("GET", "/api/v1/me/secrets", nil),
            ("GET", "/api/v1/me/tags", nil),
        ]
    }

    @Test("are unknown without a token that is signed, whole, current, and for users")
    func unknown() async throws {
        let server = try await Harness()
        let id = try #require(await server.store()["id"]?.stringValue)
        let now = server.time.now().seconds
        let good = server.token()
        let parts = good.split(separator: ".").map(String.init)
        let none = Base64.encode(#"{"alg":"none"}"#.utf8, as: .url)
        let tokens: [(String, String)] = [
            ("of another secret", server.token(secret: "another-secret-that-is-long-enough-too")),
            ("unsigned", none + "." + parts[1] + "."), ("unsigned with a signature", none + "." + parts[1] + "." + parts[2]),
            ("RS256 in name", server.token(header: ["alg": "RS256"])), ("HS512 in name", server.token(header: ["alg": "HS512"])),
            (
                "with a payload of somebody else",
                parts[0] + "." + server.token(Harness.bob).split(separator: ".")[1] + "." + parts[2]
            ),
            ("an anon key", server.token("x", ["sub": .null, "role": "anon"])),
            ("a sub of another type", server.token("x", ["sub": 5])),
            ("a list as sub", server.token("x", ["sub": [.string(Harness.alice)]])), ("an empty sub", server.token("")),
            ("for another audience", server.token(Harness.alice, ["aud": "storage"])),
            ("for no audience", server.token(Harness.alice, ["aud": .null])),
            ("an audience of another type", server.token(Harness.alice, ["aud": ["authenticated": true]])),
            ("expired", server.token(Harness.alice, ["iat": .int(now - 7_200), "exp": .int(now - 3_600)])),
            ("without an end", server.token(Harness.alice, ["exp": .null])),
            ("an end of another type", server.token(Harness.alice, ["exp": "9999999999"])),
            ("not yet valid", server.token(Harness.alice, ["nbf": .int(now + 3_600)])),
            ("cut", String(good.dropLast())), ("a critical header", server.token(header: ["alg": "HS256", "crit": ["exp"]])),
            ("an opaque text", "abcdef"), ("a Coffer token", "hvs.CAESIJ"), ("a Coffer token in three parts", "hvs.a.b"),
        ]
        for (what, token) in tokens {
            for (method, path, body) in everything(id) {
                let answer = await server.ask(method, path, body, bearer: "Bearer " + token)
                #expect(isRefused(answer), "\(what): \(method) \(path): \(answer.status) \(answer.text)")
            }
        }
        for header in [nil, "", "Bearer", "Bearer ", good, "Basic \(good)", "Bearer \(good) x", "Token \(good)"] {
            #expect(isRefused(await server.ask("GET", "/api/v1/secrets", bearer: header)), "\(header ?? "")")
        }
        #expect(
            isRefused(
                await server.ask(
                    "GET", "/api/v1/secrets", bearer: "Bearer " + good, headers: [("Authorization", "Bearer " + good)])))
        #expect(await server.ask("GET", "/api/v1/secrets/\(id)?decrypt=1")["value"] == "sk-canary-0123456789abcd")
    }

    @Test("write the word Bearer as they like", arguments: ["bearer", "BEARER", "Bearer"])
    func word(word: String) async throws {
        let server = try await Harness()
        #expect(await server.ask("GET", "/api/v1/secrets", bearer: word + " " + server.token()).status == 200)
    }

    @Test(
        "have no id that means something in a policy's path",
        arguments: ["+", "*", "+*", "a/b", "../a", "a*", "..", "config/x", "a b"])
    func names(name: String) async throws {
        let server = try await Harness()
        await server.store()
        #expect(isRefused(await server.ask("GET", "/api/v1/secrets", as: name)))
    }

    @Test("must come from the issuer where one is configured")
    func issuer() async throws {
        let server = try await Harness(issuer: "https://x.supabase.co/auth/v1")
        #expect(await server.ask("GET", "/api/v1/secrets").status == 200)
        for issuer: JSON in ["https://x.supabase.co/auth/v2", "", .null, 5] {
            let answer = await server.ask(
                "GET", "/api/v1/secrets", bearer: "Bearer " + server.token(Harness.alice, ["iss": issuer]))
            #expect(isRefused(answer))
        }
    }

    @Test("are told that the provider does not answer with another status than 401, which pages leave at")
    func unavailable() async throws {
        let server = try await Harness(remote: { throw JOSEError.badKeySet })
        let answer = await server.ask("GET", "/api/v1/secrets")
        #expect(answer.status == 503 && answer["detail"]?.stringValue?.contains("identity provider") == true)
    }

    @Test("never reach what another has")
    func isolation() async throws {
        let server = try await Harness()
        let id = try #require(await server.store()["id"]?.stringValue)
        let unknown = "00000000-0000-4000-8000-000000000000"
        let missing = await server.ask("GET", "/api/v1/secrets/\(unknown)", as: Harness.bob)
        #expect(missing.status == 404 && missing.text == #"{"detail":"Secret not found"}"#)
        for (method, path, body) in everything(id) where path.contains(id) && body?["name"] != 5 {
            let answer = await server.ask(method, path, body, as: Harness.bob)
            #expect(answer.status == 404 && answer.text == missing.text, "\(method) \(path)")
        }
        #expect(await server.ask("GET", "/api/v1/secrets", as: Harness.bob).text == "[]")
        #expect(await server.ask("GET", "/api/v1/me/secrets", as: Harness.bob)["total"] == 0)
        #expect(await server.ask("GET", "/api/v1/me/tags", as: Harness.bob)["tags"] == [])
        // Naming the other in the body or the query changes nothing.
        let own = await server.store(
            ["user_id": .string(Harness.alice), "owner": .string(Harness.alice), "id": .string(id)], as: Harness.bob)
        #expect(own.status == 201 && own["user_id"] == .string(Harness.bob) && own["id"] != .string(id))
        #expect(
            await server.ask("GET", "/api/v1/secrets?user_id=\(Harness.alice)&owner=\(Harness.alice)", as: Harness.bob)
                .json.arrayValue?.count == 1)
        #expect(await server.ask("GET", "/api/v1/secrets/\(id)?decrypt=true")["value"] == "sk-canary-0123456789abcd")
    }

    @Test("with a token of Coffer are its entity, as far as its policies go")
    func entities() async throws {
        let server = try await Harness()
        await server.root(.update, "sys/auth/userpass", ["type": "userpass"])
        await server.root(
            .update, "sys/policies/acl/own",
            [
                "policy":
                    "path \"user-secrets/{{identity.entity.id}}/*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\"] }"
            ])
        await server.root(.update, "auth/userpass/users/ann", ["password": "canary-pass", "token_policies": "own"])
        await server.root(.update, "auth/userpass/users/cal", ["password": "canary-pass", "token_policies": "default"])
        let ann = try #require(
            await server.root(.update, "auth/userpass/login/ann", ["password": "canary-pass"])["client_token"]?.stringValue)
        let cal = try #require(
            await server.root(.update, "auth/userpass/login/cal", ["password": "canary-pass"])["client_token"]?.stringValue)
        let body: JSON = ["name": "a", "provider": "b", "secret_type": "c", "value": "d"]
        let stored = await server.ask("POST", "/api/v1/secrets", body, bearer: "Bearer " + ann)
        #expect(stored.status == 201 && stored["user_id"]?.stringValue?.utf8.count == 36)
        #expect(await server.ask("GET", "/api/v1/secrets", bearer: "Bearer " + ann).json.arrayValue?.count == 1)
        // Known, and without the policy.
        let denied = await server.ask("GET", "/api/v1/secrets", bearer: "Bearer " + cal)
        #expect(denied.status == 403 && denied["detail"] != nil && denied.headers["www-authenticate"] == nil)
        let root = await server.ask("GET", "/api/v1/secrets", bearer: "Bearer root-token")
        #expect(root.status == 403 && root["detail"]?.stringValue?.contains("belongs to no user") == true)
    }

    @Test("that log in at an auth method are held to the policy of the login, whose user is the verified one")
    func logins() async throws {
        let server = try await Harness({ $0.verification = .login(path: "auth/platform/login", role: "user") })
        await server.root(.update, "sys/auth/platform", ["type": "jwt"])
        await server.root(.update, "auth/platform/config", ["jwt_shared_secret": .string(Harness.secret)])
        let accessor = try #require(await server.root(.read, "sys/auth/platform")["accessor"]?.stringValue)
        await server.root(
            .update, "sys/policies/acl/own",
            [
                "policy": .string(
                    "path \"user-secrets/{{identity.entity.aliases.\(accessor).name}}/*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\"] }"
                )
            ])
        await server.root(
            .update, "auth/platform/role/user",
            ["role_type": "jwt", "user_claim": "sub", "bound_audiences": ["authenticated"], "token_policies": "own"])
        let stored = await server.store()
        #expect(stored.status == 201 && stored["user_id"] == .string(Harness.alice), "\(stored.text)")
        #expect(await server.ask("GET", "/api/v1/secrets", as: Harness.bob).text == "[]")
        for token in [
            server.token(secret: "another-secret-that-is-long-enough-too"), server.token(Harness.alice, ["aud": "storage"]),
            server.token("x", ["sub": .null]),
        ] {
            #expect(isRefused(await server.ask("GET", "/api/v1/secrets", bearer: "Bearer " + token)))
        }
        // Without the policy the user is known, and may do nothing.
        await server.root(
            .update, "auth/platform/role/user",
            ["role_type": "jwt", "user_claim": "sub", "bound_audiences": ["authenticated"], "token_policies": "default"])
        #expect(await server.ask("GET", "/api/v1/secrets").status == 403)
    }
}
