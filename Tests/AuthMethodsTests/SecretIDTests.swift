import AuthMethods
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("AppRole: secret ids")
struct SecretIDTests {
    private func driver(
        _ fields: JSONObject = [:], storage: any Storage = StampingStorage(MemoryStorage())
    ) async throws -> AuthDriver {
        let driver = try AuthDriver(AppRoleMethod.description, storage: storage)
        try await driver.send(.update, "role/app", JSONObject(fields.members + [.init(key: "role_id", value: "app-id")]))
        return driver
    }

    private func secret(_ app: AuthDriver, _ body: JSONObject = [:]) async throws -> (id: JSON, accessor: JSON) {
        let made = try await app.data(.update, "role/app/secret-id", body)
        return (made["secret_id"] ?? .null, made["secret_id_accessor"] ?? .null)
    }

    private func logsIn(_ app: AuthDriver, _ secret: JSON, from address: String = "127.0.0.1") async -> Bool {
        await app.refusal(.update, "login", ["role_id": "app-id", "secret_id": secret], from: address) == nil
    }

    @Test("a new one answers with what the role says, and looks up whole")
    func generate() async throws {
        let app = try await driver(["secret_id_ttl": "1h", "secret_id_num_uses": 5])
        let made = try await app.data(.update, "role/app/secret-id", ["metadata": "{\"host\":\"a1\"}", "cidr_list": "127.0.0.1"])
        #expect(made.keys == ["secret_id", "secret_id_accessor", "secret_id_num_uses", "secret_id_ttl"])
        #expect(made["secret_id"]?.stringValue?.utf8.count == 64)
        #expect(made["secret_id_num_uses"] == 5 && made["secret_id_ttl"] == 3600)
        let shown = try await app.data(.update, "role/app/secret-id/lookup", ["secret_id": made["secret_id"] ?? .null])
        #expect(
            String(decoding: JSON.object(shown).encoded(), as: UTF8.self)
                == #"{"cidr_list":["127.0.0.1"],"creation_time":"2023-11-14T22:13:20.000000000Z","#
                + #""expiration_time":"2023-11-14T23:13:20.000000000Z","last_updated_time":"2023-11-14T22:13:20.000000000Z","#
                + #""metadata":{"host":"a1"},"secret_id_accessor":"\#(made["secret_id_accessor"]?.stringValue ?? "")","#
                + #""secret_id_num_uses":5,"secret_id_ttl":3600,"token_bound_cidrs":[]}"#)
        let accessor: JSONObject = ["secret_id_accessor": made["secret_id_accessor"] ?? .null]
        #expect(try await app.data(.update, "role/app/secret-id-accessor/lookup", accessor) == shown)
        #expect(try await app.keys("role/app/secret-id") == [made["secret_id_accessor"]?.stringValue ?? ""])
        let grant = try await app.grant("login", ["role_id": "app-id", "secret_id": made["secret_id"] ?? .null])
        #expect(grant.metadata == ["host": "a1", "role_name": "app"])
        let endless = try await driver().data(.update, "role/app/secret-id")
        #expect(endless["secret_id_ttl"] == 0)
    }

    @Test("one without an end says so as the Vault API does")
    func withoutEnd() async throws {
        let app = try await driver()
        let shown = try await app.data(.update, "role/app/secret-id/lookup", ["secret_id": try await secret(app).id])
        #expect(shown["expiration_time"] == "0001-01-01T00:00:00Z")
    }

    @Test("a chosen one works, once per role, and again when the old one has expired")
    func custom() async throws {
        let app = try await driver()
        let made = try await app.data(.update, "role/app/custom-secret-id", ["secret_id": "chosen", "ttl": 10])
        #expect(made["secret_id"] == "chosen")
        #expect(await logsIn(app, "chosen"))
        let again = await app.refusal(.update, "role/app/custom-secret-id", ["secret_id": "chosen"])
        #expect(again?.message == "SecretID is already registered")
        app.time.advance(seconds: 10)
        #expect(!(await logsIn(app, "chosen")))
        try await app.send(.update, "role/app/custom-secret-id", ["secret_id": "chosen"])
        #expect(await logsIn(app, "chosen"))
        #expect(try await app.keys("role/app/secret-id").count == 1)
        #expect(await app.refusal(.update, "role/app/custom-secret-id")?.message == "missing secret_id")
        let long: JSON = .string(String(repeating: "x", count: 1_025))
        #expect(await app.refusal(.update, "role/app/custom-secret-id", ["secret_id": long])?.code == .invalidRequest)
        try await app.send(.update, "role/other", ["role_id": "other-id"])
        #expect(await app.refusal(.update, "login", ["role_id": "other-id", "secret_id": "chosen"])?.code == .invalidRequest)
    }

    @Test("expires to the second, without any tidy, and stays so across a restart")
    func expiry() async throws {
        let app = try await driver()
        let id = try await secret(app, ["ttl": "1m"]).id
        app.time.advance(seconds: 59)
        #expect(await logsIn(app, id))
        app.time.advance(seconds: 1)
        #expect(!(await logsIn(app, id)))
        #expect(!(await logsIn(try app.restarted(), id)))
        #expect(try await app.data(.update, "role/app/secret-id/lookup", ["secret_id": id]) == [:])
        #expect(await app.refusal(.update, "role/app/secret-id/destroy", ["secret_id": id]) == nil)
    }

    @Test("what it may be is bounded by the role; more is refused, not shortened")
    func bounds() async throws {
        let app = try await driver([
            "secret_id_ttl": 600, "secret_id_num_uses": 3, "secret_id_bound_cidrs": "10.0.0.0/8", "token_bound_cidrs": "10.0.0.0/8",
        ])
        let refused: [(JSONObject, String)] = [
            (["ttl": 601], "ttl cannot be longer"), (["ttl": 0], "ttl cannot be longer"), (["ttl": "101y"], "'ttl'"),
            (["ttl": -1], "'ttl'"), (["ttl": "999999999999h"], "'ttl'"), (["num_uses": 4], "num_uses cannot be higher"),
            (["num_uses": 0], "num_uses cannot be higher"), (["num_uses": -1], "num_uses cannot be negative"),
            (["num_uses": 99_999_999_999], "too large"), (["cidr_list": "11.0.0.0/8"], "'cidr_list'"),
            (["cidr_list": "10.0.0.0/7"], "'cidr_list'"), (["cidr_list": "::/0"], "'cidr_list'"),
            (["cidr_list": ","], "'cidr_list'"),
            (["token_bound_cidrs": "0.0.0.0/0"], "'token_bound_cidrs'"), (["metadata": "canary"], "'metadata'"),
            (["metadata": "{\"a\":1}"], "'metadata'"), (["metadata": ["a": ["canary": "x"]]], "'metadata'"),
            (["metadata": "[\"canary\"]"], "'metadata'"),
            (["metadata": ["a": .string(String(repeating: "x", count: 5_000))]], "'metadata'"),
        ]
        for path in ["secret-id", "custom-secret-id"] {
            for (body, text) in refused {
                var body = body
                body["secret_id"] = "chosen"
                let refusal = await app.refusal(.update, "role/app/\(path)", body)
                #expect(refusal?.code == .invalidRequest && refusal?.message.contains(text) == true, "\(body.keys)")
                #expect(refusal?.message.contains("canary") == false)
            }
        }
        #expect(try await app.keys("role/app/secret-id") == [])
        let id = try await secret(app, ["ttl": 60, "num_uses": 1, "cidr_list": "10.1.0.0/16", "token_bound_cidrs": "10.0.0.0/9"]).id
        #expect(!(await logsIn(app, id, from: "10.2.0.1")))
        #expect(!(await logsIn(app, id, from: "127.0.0.1")))
        // Logins that were refused took no use.
        let grant = try await app.grant("login", ["role_id": "app-id", "secret_id": id], from: "10.1.0.1")
        #expect(grant.terms.boundCIDRs == ["10.0.0.0/9"])
        #expect(!(await logsIn(app, id, from: "10.1.0.1")))
    }

    @Test("a role narrowed later narrows the secret ids that are out, and never opens them")
    func narrowedRole() async throws {
        let app = try await driver()
        let id = try await secret(app, ["token_bound_cidrs": "10.1.0.0/16,10.2.0.0/16"]).id
        try await app.send(.update, "role/app", ["token_bound_cidrs": "10.1.0.0/24"])
        let grant = try await app.grant("login", ["role_id": "app-id", "secret_id": id], from: "10.1.0.9")
        #expect(grant.terms.boundCIDRs == ["10.1.0.0/24"])
        try await app.send(.update, "role/app", ["token_bound_cidrs": "10.9.0.0/24"])
        for address in ["10.1.0.9", "10.9.0.1", "127.0.0.1"] { #expect(!(await logsIn(app, id, from: address))) }
    }

    @Test("is good for exactly as many logins as it says, then is gone with its accessor")
    func uses() async throws {
        let app = try await driver()
        let (id, accessor) = try await secret(app, ["num_uses": 3, "ttl": 60])
        for left in [2, 1] {
            #expect(await logsIn(app, id))
            app.time.advance(seconds: 1)
            #expect(try await app.data(.update, "role/app/secret-id/lookup", ["secret_id": id])["secret_id_num_uses"] == .int(left))
        }
        #expect(await logsIn(try app.restarted(), id))
        #expect(!(await logsIn(app, id)))
        #expect(
            await app.refusal(.update, "role/app/secret-id-accessor/lookup", ["secret_id_accessor": accessor])?.code == .notFound)
        #expect(try await app.keys("role/app/secret-id") == [])
        #expect(try await app.records().keys.allSatisfy { !$0.hasPrefix("expiry/") })
    }

    @Test("of many logins at once exactly as many succeed as there are uses, on two nodes too", arguments: [1, 2, 25])
    func concurrentUses(uses: Int) async throws {
        let storage = YieldingStorage(StampingStorage(MemoryStorage()))
        let app = try await driver(storage: storage)
        let other = try app.restarted()
        let id = try await secret(app, ["num_uses": .int(uses)]).id
        let outcomes = await withTaskGroup(of: CofferError?.self) { group in
            for index in 0..<60 {
                let node = index.isMultiple(of: 2) ? app : other
                group.addTask { await node.refusal(.update, "login", ["role_id": "app-id", "secret_id": id]) }
            }
            return await group.reduce(into: [CofferError?]()) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == nil } == uses)
        #expect(outcomes.allSatisfy { $0 == nil || $0?.code == .invalidRequest })
    }

    @Test("of many at once that register the same one, one does")
    func concurrentCustom() async throws {
        let app = try await driver(storage: YieldingStorage(StampingStorage(MemoryStorage())))
        let made = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask { await app.refusal(.update, "role/app/custom-secret-id", ["secret_id": "chosen"]) == nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 1)
        #expect(try await app.keys("role/app/secret-id").count == 1)
    }

    @Test("is destroyed by itself or by its accessor, with POST and with DELETE", arguments: [Operation.update, .delete])
    func destroy(operation: Operation) async throws {
        let app = try await driver()
        let (first, second) = (try await secret(app, ["ttl": 60]), try await secret(app))
        try await app.send(operation, "role/app/secret-id/destroy", ["secret_id": first.id])
        #expect(!(await logsIn(app, first.id)))
        #expect(await logsIn(app, second.id))
        try await app.send(operation, "role/app/secret-id-accessor/destroy", ["secret_id_accessor": second.accessor])
        #expect(!(await logsIn(app, second.id)))
        #expect(try await app.keys("role/app/secret-id") == [])
        for path in ["secret-id/destroy", "secret-id-accessor/destroy", "secret-id/lookup", "secret-id-accessor/lookup"] {
            #expect(await app.refusal(.update, "role/app/\(path)")?.message.hasPrefix("missing secret_id") == true)
        }
    }

    @Test("nothing of one role is found or destroyed through another")
    func boundToRole() async throws {
        let app = try await driver()
        try await app.send(.update, "role/other", ["role_id": "other-id"])
        let (id, accessor) = try await secret(app)
        for operation in [Operation.update, .delete] {
            let byAccessor = await app.refusal(
                operation, "role/other/secret-id-accessor/destroy", ["secret_id_accessor": accessor])
            #expect(byAccessor?.code == .notFound)
            #expect(byAccessor?.message == "failed to find accessor entry for secret_id_accessor")
            #expect(await app.refusal(operation, "role/other/secret-id/destroy", ["secret_id": id]) == nil)
            #expect(try await app.keys("role/app/secret-id") == [accessor.stringValue])
        }
        let lookup = await app.refusal(.update, "role/other/secret-id-accessor/lookup", ["secret_id_accessor": accessor])
        #expect(lookup?.code == .notFound)
        #expect(try await app.data(.update, "role/other/secret-id/lookup", ["secret_id": id]) == [:])
        #expect(try await app.keys("role/other/secret-id") == [])
        for odd in ["../app/x", "x/y", "", "*"] {
            let body: JSONObject = ["secret_id_accessor": .string(odd)]
            #expect(await app.refusal(.update, "role/app/secret-id-accessor/lookup", body) != nil)
        }
        #expect(await logsIn(app, id))
        #expect(await app.refusal(.update, "role/none/secret-id")?.message == "role \"none\" does not exist")
        #expect(await app.refusal(.list, "role/none/secret-id")?.message == "role \"none\" does not exist")
    }

    @Test("a role that is deleted while one is made gets none")
    func deletionRace() async throws {
        let storage = InterposedStorage(StampingStorage(MemoryStorage()))
        let app = try await driver(storage: storage)
        _ = try await secret(app)
        storage.before(nil) { _ = await app.refusal(.delete, "role/app") }
        #expect(await app.refusal(.update, "role/app/secret-id")?.message == "role \"app\" does not exist")
        #expect(try await app.records().keys.sorted() == ["key"])
    }

    @Test("tidy removes what expired and what deleted roles left, and nothing else")
    func tidy() async throws {
        let app = try await driver()
        let kept = try await secret(app, ["ttl": 3600])
        let endless = try await secret(app)
        let count = try await app.records().count
        for _ in 0..<3 { _ = try await secret(app, ["ttl": 30]) }
        app.time.advance(seconds: 31)
        let answer = try await app.send(.update, "tidy/secret-id")
        #expect(answer.status == 202)
        #expect(answer.warnings == ["Tidy operation has finished; 3 expired secret ids were removed."])
        #expect(try await app.records().count == count)
        #expect(await logsIn(app, kept.id))
        #expect(await logsIn(app, endless.id))
        try await app.send(.delete, "role/app")
        app.time.advance(seconds: 4000)
        try await app.send(.update, "tidy/secret-id")
        #expect(try await app.records().keys.sorted() == ["key"])
    }

    @Test("expired ones do not heap up where nobody tidies")
    func sweeping() async throws {
        let app = try await driver()
        for _ in 0..<50 {
            _ = try await secret(app, ["ttl": 1])
            app.time.advance(seconds: 3)
        }
        #expect(try await app.keys("role/app/secret-id").count < 3)
    }

    @Test("each change is one commit: one that fails leaves everything as it was, and can be repeated", arguments: 0..<5)
    func atomic(step: Int) async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let app = try await driver(storage: storage)
        let (id, accessor) = try await secret(app, ["num_uses": 2, "ttl": 60])
        let steps: [(Operation, String, JSONObject)] = [
            (.update, "login", ["role_id": "app-id", "secret_id": id]), (.update, "role/app/secret-id", ["ttl": 5]),
            (.update, "role/app/role-id", ["role_id": "new"]), (.update, "role/app", ["token_ttl": 5]),
            (.delete, "role/app/secret-id-accessor/destroy", ["secret_id_accessor": accessor]),
        ]
        let (operation, path, body) = steps[step]
        let before = try await app.records()
        let commits = storage.commitCount
        storage.failCommit(1)
        #expect(await app.refusal(operation, path, body)?.code == .unavailable)
        #expect(storage.commitCount == commits + 1)
        #expect(try await app.records() == before)
        try await app.send(operation, path, body)
        #expect(try await app.records() != before)
    }

    @Test("an unknown role costs a login the same look-ups as a wrong secret id")
    func comparableWork() async throws {
        let storage = ReadCounter(StampingStorage(MemoryStorage()))
        let app = try await driver(storage: storage)
        _ = try await secret(app)
        var reads: [Int] = []
        for (role, secret) in [("nobody", "x"), ("app-id", "x"), ("nobody", ""), ("app-id", "")] as [(JSON, JSON)] {
            let before = storage.count
            _ = await app.refusal(.update, "login", ["role_id": role, "secret_id": secret])
            reads.append(storage.count - before)
        }
        #expect(reads == [5, 5, 5, 5])
    }
}
