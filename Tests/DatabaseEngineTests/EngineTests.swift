import DatabaseEngine
import DatabaseClients
import Databases
import EngineKit
import Synchronization
import Syntax
import TestSupport
import Testing

@Suite("Database engine")
struct EngineTests {
    @Test("never shows a password or a secret field")
    func hidesSecrets() async throws {
        let bench = try await EngineBench().configured()
        try await bench.ask(.update, "config/db", ["password": "first", "key": "canary-key"])
        let shown = String(decoding: try await bench.data(.read, "config/db").encoded(), as: UTF8.self)
        #expect(!shown.contains("first") && !shown.contains("canary"))
        #expect(shown.contains("\"username\":\"admin\""))
    }

    @Test("stores no connection that cannot be used, unless asked not to try")
    func verifies() async throws {
        let bench = EngineBench()
        let body: JSONObject = ["plugin_name": "fake-database-plugin", "username": "admin", "password": "canary-wrong"]
        let refusal = await bench.refusal(.update, "config/db", body)
        #expect(refusal?.code == .invalidRequest && refusal?.messages.joined().contains("canary") == false)
        #expect(await bench.refusal(.read, "config/db")?.code == .notFound)
        var unverified = body
        unverified["verify_connection"] = false
        #expect(await bench.refusal(.update, "config/db", unverified) == nil)
    }

    @Test(
        "allows the roles that the connection names",
        arguments: [
            ("*", true), ("reader", true), ("read*", true), ("*er", true), ("r*d*r", true), ("writer", false), ("read", false),
            ("", false), ("writer,reader", true), ("Reader", false), ("*x*", false),
        ])
    func allowedRoles(list: String, isAllowed: Bool) async throws {
        let bench = try await EngineBench().configured()
        try await bench.ask(.update, "config/db", ["allowed_roles": .string(list)])
        #expect(await (bench.refusal(.read, "creds/reader") == nil) == isAllowed)
        #expect(bench.server.leased.isEmpty == !isAllowed)
    }

    @Test("a user's end at the database is its lease's, and a renewal moves it up to max_ttl")
    func renews() async throws {
        let bench = try await EngineBench().configured()
        let lease = try await bench.lease()
        let name = lease.data["username"]?.stringValue ?? ""
        #expect(bench.server.end(of: name) == bench.time.now().adding(seconds: 3_605))
        bench.time.advance(seconds: 3_000)
        let grant = try await bench.engine.renew(lease, increment: 7_200)
        #expect(grant.ttl == 7_200)
        #expect(bench.server.end(of: name) == bench.time.now().adding(seconds: 7_205))
        bench.time.advance(seconds: 82_000)
        #expect(try await bench.engine.renew(lease, increment: 7_200).ttl == 1_400)
        bench.time.advance(seconds: 1_400)
        await #expect(throws: CofferError.self) { try await bench.engine.renew(lease, increment: 0) }
    }

    @Test("revokes with the role's statements, and with those of the lease when the role is gone")
    func revokes() async throws {
        let bench = try await EngineBench().configured()
        try await bench.ask(.update, "roles/reader", ["revocation_statements": "OLD"])
        let (one, two) = (try await bench.lease(), try await bench.lease())
        try await bench.ask(.update, "roles/reader", ["revocation_statements": .strings(["NEW"])])
        try await bench.engine.revoke(one)
        try await bench.ask(.delete, "roles/reader")
        try await bench.engine.revoke(two)
        #expect(bench.server.asked.suffix(2) == ["delete NEW", "delete OLD"])
        #expect(bench.server.leased.isEmpty)
    }

    @Test("a failed creation leaves nothing and says so without secrets")
    func failedCreation() async throws {
        let bench = try await EngineBench().configured()
        bench.server.set { $0.failures = [.failed("the database refused a statement")] }
        #expect(await bench.refusal(.read, "creds/reader")?.messages == ["the database refused a statement"])
        #expect(try await bench.keys("wal/") == [])
    }

    @Test("makes passwords by the role's policy, else the connection's, else the standard one")
    func passwordPolicies() async throws {
        let bench = try await EngineBench().configured()
        #expect(try await bench.data(.read, "creds/reader")["password"]?.stringValue?.utf8.count == 20)
        try await bench.ask(.update, "config/db", ["password_policy": "long"])
        #expect(try await bench.data(.read, "creds/reader")["password"] == "made-by-policy")
        try await bench.ask(.update, "roles/reader", ["credential_config": ["password_policy": "missing"]])
        let count = bench.server.leased.count
        #expect(await bench.refusal(.read, "creds/reader")?.code == .notFound)
        #expect(bench.server.leased.count == count)
    }

    @Test(
        "refuses names that are more than names",
        arguments: ["a b", "a'b", "a\"b", "-a", "a-", ".a", "a;b", "a$b", "a{{b", "ä", String(repeating: "a", count: 129)])
    func refusesNames(name: String) async throws {
        let bench = try await EngineBench().configured()
        #expect(await bench.refusal(.update, "config/" + name, ["plugin_name": "fake-database-plugin"])?.code == .invalidRequest)
        #expect(
            await bench.refusal(.update, "roles/" + name, ["db_name": "db", "creation_statements": "x"])?.code == .invalidRequest)
        #expect(await bench.refusal(.read, "creds/" + name)?.code == .invalidRequest)
    }

    @Test("refuses roles and connections that could never work")
    func refusesSettings() async throws {
        let bench = try await EngineBench().configured()
        let bad: [(String, JSONObject)] = [
            ("roles/x", ["creation_statements": "x"]), ("roles/x", ["db_name": "db"]),
            ("roles/x", ["db_name": "db", "creation_statements": "broken"]),
            ("roles/x", ["db_name": "db", "creation_statements": 7]),
            ("roles/x", ["db_name": "db", "creation_statements": "x", "default_ttl": "2h", "max_ttl": "1h"]),
            ("roles/x", ["db_name": "db", "creation_statements": "x", "credential_type": "rsa_private_key"]),
            ("config/x", [:]), ("config/x", ["plugin_name": "mysql-database-plugin"]),
            ("config/db", ["username_template": "{{.Nobody}}"]), ("config/db", ["plugin_version": "v1"]),
            ("config/db", ["plugin_name": "redis-database-plugin"]),
            ("static-roles/x", ["db_name": "db", "username": "app"]),
            ("static-roles/x", ["db_name": "db", "username": "app", "rotation_period": 4]),
            ("static-roles/x", ["db_name": "db", "username": "app", "rotation_period": 60, "rotation_schedule": "* * * * *"]),
            ("static-roles/x", ["db_name": "db", "username": "app", "rotation_schedule": "nonsense"]),
            ("static-roles/x", ["db_name": "db", "username": "app", "rotation_schedule": "0 0 * * *", "rotation_window": 60]),
            ("static-roles/x", ["db_name": "db", "username": "a'b", "rotation_period": 60]),
            ("static-roles/x", ["db_name": "db", "username": "admin", "rotation_period": 60]),
            ("static-roles/x", ["db_name": "none", "username": "app", "rotation_period": 60]),
            ("static-roles/reader", ["db_name": "db", "username": "app", "rotation_period": 60]),
            ("rotate-role/none", [:]), ("rotate-root/none", [:]), ("reset/none", [:]),
        ]
        for (path, body) in bad {
            #expect(await bench.refusal(.update, path, body)?.code == .invalidRequest, "\(path) \(body.keys)")
        }
    }

    @Test("a static role whose user is not there is not made")
    func staticRoleNeedsItsUser() async throws {
        let bench = try await EngineBench().configured()
        #expect(
            await bench.refusal(.update, "static-roles/app", ["db_name": "db", "username": "app", "rotation_period": 60]) != nil)
        #expect(await bench.refusal(.read, "static-roles/app")?.code == .notFound)
        #expect(try await bench.keys("due/") == [])
    }

    @Test("a static role's password changes when it is made, on request and on time")
    func rotatesOnTime() async throws {
        let bench = try await EngineBench().configured(withStaticRole: true)
        var seen = ["imported", bench.server.users["app"] ?? ""]
        let given = try await bench.data(.read, "static-creds/app")
        #expect(given["password"]?.stringValue == seen[1] && given["ttl"] == 3_600 && given["rotation_period"] == 3_600)
        bench.time.advance(seconds: 3_599)
        await bench.engine.runRound()
        #expect(bench.server.users["app"] == seen[1])
        bench.time.advance(seconds: 1)
        await bench.engine.runRound()
        seen.append(bench.server.users["app"] ?? "")
        try await bench.ask(.update, "rotate-role/app")
        seen.append(bench.server.users["app"] ?? "")
        #expect(Set(seen).count == 4)
        #expect(try await bench.data(.read, "static-creds/app")["password"]?.stringValue == seen[3])
        #expect(try await bench.keys("due/").count == 1)
    }

    @Test("a rotation that fails comes again, later each time, and the password stays the known one")
    func retries() async throws {
        let bench = try await EngineBench().configured(withStaticRole: true)
        let before = bench.server.users["app"]
        bench.time.advance(seconds: 3_600)
        bench.server.set { $0.failures = [.failed("no"), .failed("no")] }
        await bench.engine.runRound()
        bench.time.advance(seconds: 9)
        await bench.engine.runRound()
        #expect(bench.server.state.withLock { $0.failures.count } == 1)
        bench.time.advance(seconds: 1)
        await bench.engine.runRound()
        #expect(bench.server.state.withLock { $0.failures.isEmpty } && bench.server.users["app"] == before)
        bench.time.advance(seconds: 20)
        await bench.engine.runRound()
        #expect(bench.server.users["app"] != before)
    }

    @Test("a scheduled rotation that missed its window waits for the next time")
    func window() async throws {
        let bench = try await EngineBench().configured()
        bench.server.set { $0.users["app"] = "imported" }
        // 2023-11-14T22:13:20Z
        try await bench.ask(
            .update, "static-roles/app",
            ["db_name": "db", "username": "app", "rotation_schedule": "0 0 * * *", "rotation_window": "1h"])
        let first = bench.server.users["app"]
        #expect(try await bench.data(.read, "static-creds/app")["ttl"] == 6_400)
        bench.time.advance(seconds: 6_400 + 3_601)
        await bench.engine.runRound()
        #expect(bench.server.users["app"] == first)
        bench.time.advance(seconds: 86_400 - 3_601)
        await bench.engine.runRound()
        #expect(bench.server.users["app"] != first)
    }

    @Test("rotate-root leaves a password that only Coffer knows, and the connection works with it")
    func rotatesRoot() async throws {
        let bench = try await EngineBench().configured()
        try await bench.ask(.update, "rotate-root/db")
        #expect(bench.server.users["admin"] != "first")
        _ = try await bench.lease()
        try await bench.ask(.update, "reset/db")
        #expect(try await bench.data(.update, "reload/fake-database-plugin")["count"] == 1)
    }

    @Test("lists what there is, and deleting leaves no record")
    func listsAndDeletes() async throws {
        let bench = try await EngineBench().configured(withStaticRole: true)
        for (path, name) in [("config", "db"), ("roles", "reader"), ("static-roles", "app")] {
            #expect(try await bench.data(.list, path)["keys"] == .strings([name]))
            #expect(await bench.refusal(.delete, path + "/" + name) == nil)
            #expect(await bench.refusal(.list, path)?.code == .notFound)
            #expect(await bench.refusal(.read, path + "/" + name)?.code == .notFound)
        }
        #expect(try await bench.keys("") == [])
    }
}
