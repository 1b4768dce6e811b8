import Core
import EngineKit
import Synchronization
import Syntax
import Testing

/// What the ACL judges is what the handler gets.
@Suite struct AuthorisedInputTests {
    private func server() async throws -> CoreHarness {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        await server.ask(.update, "sys/mounts/test", ["type": "test"])
        return server
    }

    private func token(_ server: CoreHarness, _ rules: String) async throws -> String {
        await server.writePolicy("p", rules)
        return try await server.token(["p"])
    }

    @Test func theQueryOfAWriteGivesNothingToItsHandler() async throws {
        let server = try await server()
        let token = try await token(
            server,
            """
            path "auth/userpass/users/*" { capabilities = ["create", "update"]  denied_parameters = { token_policies = [], policies = [] } }
            """)
        let user: JSONObject = ["password": "pw"]
        for query in [[("token_policies", "admin")], [("Policies", "admin")], [("policies", "admin")]] {
            let answer = await server.ask(.update, "auth/userpass/users/mallory", user, token: token, query: query)
            #expect(answer.isSuccess)
            #expect(answer.response?.warnings.first?.hasPrefix("The query of a write is ignored") == true)
            let shown = await server.ask(.read, "auth/userpass/users/mallory").data
            #expect(shown?["token_policies"] == [] && shown?["policies"] == nil)
        }
        var denied = user
        denied["token_policies"] = "admin"
        #expect(await server.ask(.update, "auth/userpass/users/mallory", denied, token: token).code == .permissionDenied)
    }

    @Test(arguments: ["ttl", "policies", "no_parent", "role_name"])
    func aTokenIsMadeFromTheBodyAlone(name: String) async throws {
        let server = try await server()
        let token = try await token(
            server, "path \"auth/token/create\" { capabilities = [\"update\", \"sudo\"]  denied_parameters = { \(name) = [] } }")
        let made = await server.ask(.update, "auth/token/create", [:], token: token, query: [(name, "1")])
        #expect(made.isSuccess)
        let plain = await server.ask(.update, "auth/token/create", [:], token: token)
        #expect(made.issued?.leaseSeconds == plain.issued?.leaseSeconds && made.issued?.policies == plain.issued?.policies)
        #expect(made.issued?.isOrphan == false)
    }

    @Test func theQueryOfAReadIsJudged() async throws {
        let server = try await server()
        await server.ask(.update, "secret/data/x", ["data": ["a": "1"]])
        let token = try await token(
            server,
            """
            path "secret/data/*" { capabilities = ["read", "delete"]  denied_parameters = { version = [], versions = [] } }
            path "secret/metadata/*" { capabilities = ["list"]  denied_parameters = { recursive = [] } }
            """)
        #expect(await server.ask(.read, "secret/data/x", token: token).isSuccess)
        for name in ["version", "Version", "VERSION"] {
            #expect(await server.ask(.read, "secret/data/x", token: token, query: [(name, "1")]).code == .permissionDenied)
            #expect(await server.ask(.delete, "secret/data/x", token: token, query: [(name, "1")]).code == .permissionDenied)
            #expect(
                await server.ask(.delete, "secret/data/x", [name: 1], token: token).code == .permissionDenied,
                "a body is judged too")
        }
        #expect(await server.ask(.list, "secret/metadata/", token: token).isSuccess)
        #expect(
            await server.ask(.list, "secret/metadata/", token: token, query: [("recursive", "true")]).code == .permissionDenied)
    }

    @Test func aDeletionSaysAThingOnce() async throws {
        let server = try await server()
        let answer = await server.ask(.delete, "secret/data/x", ["a": "1"], query: [("a", "2")])
        #expect(answer.code == .invalidRequest)
    }

    @Test func conditionsOfAFolderHoldWhereAListingDescends() async throws {
        let server = try await server()
        for path in ["a/x", "b/x"] { await server.ask(.update, "secret/data/\(path)", ["data": [:]]) }
        let token = try await token(
            server,
            """
            path "secret/metadata/*" { capabilities = ["list"] }
            path "secret/metadata/b/*" { capabilities = ["list"]  denied_parameters = { recursive = [] } }
            """)
        let answer = await server.ask(.list, "secret/metadata/", token: token, query: [("recursive", "true")])
        #expect(answer.data?["keys"] == ["a/x", "b/"])
    }

    // MARK: The path against the body

    @Test(arguments: [
        ("auth/userpass/users/bob", "username", "alice"), ("auth/token/roles/app", "role_name", "admin"),
        ("sys/quotas/rate-limit/q", "name", "other"), ("sys/policies/acl/p", "name", "other"),
        ("sys/leases/revoke/a/b", "lease_id", "other/lease"), ("sys/leases/renew/a/b", "lease_id", "other/lease"),
        ("sys/leases/revoke-prefix/a", "prefix", "b"), ("sys/revoke/a/b", "lease_id", "other/lease"),
    ])
    func aBodyThatContradictsThePathIsRefused(path: String, name: String, value: String) async throws {
        let server = try await server()
        let answer = await server.ask(.update, path, [name: .string(value), "password": "x", "rate": 1, "policy": ""])
        #expect(answer.code == .invalidRequest)
        #expect(answer.error?.messages.first?.contains("contradicts the path") == true)
        #expect(answer.error?.messages.first?.contains(value) == false)
    }

    @Test func aBodyThatRepeatsThePathIsFine() async throws {
        let server = try await server()
        let user: JSONObject = ["username": "bob", "password": "pw"]
        #expect(await server.ask(.update, "auth/userpass/users/bob", user).isSuccess)
        #expect(await server.ask(.update, "sys/mounts/kv9", ["path": "kv9/", "type": "kv"]).isSuccess)
        // What a caller stores is its own.
        #expect(await server.ask(.update, "kv9/a", ["path": "anything"]).isSuccess)
        #expect(await server.ask(.read, "kv9/a").data?["path"] == "anything")
    }

    @Test func aRuleNamesAPartOfThePath() async throws {
        let server = try await server()
        let token = try await token(
            server,
            """
            path "auth/userpass/users/*" { capabilities = ["create", "update"]  denied_parameters = { username = ["admin*"] } }
            """)
        #expect(await server.ask(.update, "auth/userpass/users/bob", ["password": "x"], token: token).isSuccess)
        #expect(await server.ask(.update, "auth/userpass/users/admin-1", ["password": "x"], token: token).code == .permissionDenied)
    }

    // MARK: Nothing is told before access is granted

    static let wrong: [(EngineKit.Operation, String, String)] = [
        (.update, "secret/data/x", #"{"data":5}"#), (.update, "secret/data/x", "{"), (.update, "secret/data/x", "[]"),
        (.update, "secret/config", #"{"max_versions":"many"}"#), (.update, "secret/nonsense", "{}"),
        (.patch, "secret/config", "{}"),
        (.update, "auth/userpass/users/x", #"{"token_ttl":"soon"}"#), (.read, "secret/data/x?version=one", ""),
        (.update, "sys/mounts/secret", #"{"type":5}"#), (.update, "sys/mounts/none", #"{"type":5}"#),
        (.delete, "secret/data/x", "{"),
        (.update, "test/things/a", "{}"), (.update, "test/things/made", "{}"), (.list, "secret/config", ""),
        (.update, "none/x", "{"),
        (.update, "secret/data/x/", #"{"data":{}}"#), (.update, "sys/leases/revoke/x", #"{"lease_id":"y"}"#),
    ]

    @Test(arguments: wrong)
    func aCallerWithoutRightsLearnsNothing(operation: EngineKit.Operation, path: String, body: String) async throws {
        let server = try await server()
        await server.ask(.update, "secret/data/x", ["data": [:]])
        server.engine.set { $0.things = ["made"] }
        let token = try await server.token(["default"])
        for who in [token, "unknown", nil] {
            let parts = path.split(separator: "?")
            var request = CoreRequest(id: "x", operation: operation, path: String(parts[0]), body: Array(body.utf8))
            if parts.count > 1 { request.query = [("version", "one")] }
            if let who { request.credentials = .token(who) }
            guard case .failure(let error) = await server.core.handle(request).outcome else { return #expect(Bool(false)) }
            #expect(error.code == .permissionDenied && error.messages == ["permission denied"] && error.data == nil)
        }
        #expect(server.engine.state.withLock { $0.handled.isEmpty })
    }

    @Test func theEngineIsNotAskedWhatExistsForSomebodyWhoMayDoNeither() async throws {
        let server = try await server()
        let creator = try await token(server, "path \"test/things/*\" { capabilities = [\"create\"] }")
        #expect(await server.ask(.update, "test/things/a", [:], token: creator).isSuccess)
        #expect(await server.ask(.update, "test/things/a", [:], token: creator).code == .permissionDenied)
        #expect(server.engine.state.withLock { $0.things } == ["a"])
    }

    @Test func aCallerThatMayOnlyCreateIsToldWhatIsWrong() async throws {
        let server = try await server()
        let creator = try await token(server, "path \"secret/data/*\" { capabilities = [\"create\"] }")
        #expect(await server.ask(.update, "secret/data/a", ["data": 5], token: creator).code == .invalidRequest)
        #expect(await server.ask(.update, "secret/data/a", ["data": [:]], token: creator).isSuccess)
    }

    // MARK: Explanations

    @Test(arguments: [
        (EngineKit.Operation.read, "secret/one", "get"), (.update, "secret/one", "put"), (.list, "secret/", "list"),
        (.list, "secret/dir", "list"), (.delete, "secret/one", "delete"), (.read, "secret", "get"),
    ])
    func aPathThatLacksItsDataIsExplained(operation: EngineKit.Operation, path: String, command: String) async throws {
        let server = try await server()
        let answer = await server.ask(operation, path)
        #expect(answer.code == .notFound && answer.error?.data == .null)
        #expect(answer.error?.messages.first?.hasPrefix("Invalid path for a versioned K/V secrets engine.") == true)
        #expect(answer.error?.messages.first?.hasSuffix("use 'coffer kv \(command)' for this operation.") == true)
        let token = try await server.token(["default"])
        #expect(await server.ask(operation, path, token: token).code == .permissionDenied)
    }

    @Test func aMissingMountIsNamedToThoseWhoMayListMounts() async throws {
        let server = try await server()
        let told = await server.ask(.read, "sys/internal/ui/mounts/hello/x")
        #expect(told.code == .permissionDenied)
        #expect(told.error?.messages.first?.hasPrefix("No secrets engine is mounted at hello/. See `coffer secrets list`") == true)
        let token = try await server.token(["default"])
        for path in ["hello/x", "test/x"] {
            let refused = await server.ask(.read, "sys/internal/ui/mounts/\(path)", token: token)
            #expect(refused.error?.messages.first?.hasPrefix("preflight capability check returned 403") == true)
        }
    }

    @Test func anUnknownEngineIsAnsweredWithThoseThereAre() async throws {
        let server = try await server()
        let secrets = await server.ask(.update, "sys/mounts/pki", ["type": "pki"])
        #expect(
            secrets.error?.messages == [
                "There is no secrets engine \"pki\" in this version. Available: database, kv, test, transit."
            ])
        let auth = await server.ask(.update, "sys/auth/k8s", ["type": "kubernetes"])
        #expect(
            auth.error?.messages == ["There is no auth method \"kubernetes\" in this version. Available: approle, userpass."])
    }
}
