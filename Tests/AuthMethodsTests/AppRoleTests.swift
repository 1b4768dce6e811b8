import AuthMethods
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("AppRole: roles")
struct AppRoleTests {
    private func driver(_ fields: JSONObject = [:], maxTTL: Int = 0) async throws -> AuthDriver {
        let driver = try AuthDriver(AppRoleMethod.description, maxTTL: maxTTL)
        try await driver.send(.update, "role/app", fields)
        return driver
    }

    @Test("a new role reads as in the Vault API")
    func newRole() async throws {
        let shown = try await driver().data(.read, "role/app")
        #expect(
            String(decoding: JSON.object(shown).encoded(), as: UTF8.self)
                == #"{"bind_secret_id":true,"local_secret_ids":false,"secret_id_bound_cidrs":null,"secret_id_num_uses":0,"#
                + #""secret_id_ttl":0,"token_bound_cidrs":[],"token_explicit_max_ttl":0,"token_max_ttl":0,"#
                + #""token_no_default_policy":false,"token_num_uses":0,"token_period":0,"token_policies":[],"token_ttl":0,"#
                + #""token_type":"default"}"#)
    }

    private static let fieldPaths: [(path: String, field: String, value: JSON, shown: JSON, initial: JSON)] = [
        ("policies", "token_policies", "b,A", ["a", "b"], []), ("policies", "policies", ["x"], ["x"], .null),
        ("secret-id-num-uses", "secret_id_num_uses", 7, 7, 0), ("secret-id-ttl", "secret_id_ttl", "1h", 3600, 0),
        ("token-ttl", "token_ttl", "5m", 300, 0), ("token-max-ttl", "token_max_ttl", 900, 900, 0),
        ("token-num-uses", "token_num_uses", "4", 4, 0), ("period", "token_period", "1d", 86_400, 0),
        ("period", "period", 60, 60, .null), ("bind-secret-id", "bind_secret_id", "false", false, true),
        ("secret-id-bound-cidrs", "secret_id_bound_cidrs", "10.0.0.0/8,1.2.3.4", ["10.0.0.0/8", "1.2.3.4"], .null),
        ("bound-cidr-list", "bound_cidr_list", ["10.0.0.0/8"], ["10.0.0.0/8"], .null),
        ("token-bound-cidrs", "token_bound_cidrs", "fd00::/8", ["fd00::/8"], []),
    ]

    @Test("each field has a path of its own that reads, sets and resets it", arguments: fieldPaths.indices)
    func fieldPath(index: Int) async throws {
        let (path, field, value, shown, initial) = Self.fieldPaths[index]
        let bound: JSONObject = path == "bind-secret-id" ? ["token_bound_cidrs": "127.0.0.1"] : [:]
        let app = try await driver(bound)
        #expect((try await app.data(.read, "role/app/\(path)")[field] ?? .null) == initial)
        try await app.send(.update, "role/app/\(path)", JSONObject([.init(key: field, value: value)]))
        #expect(try await app.data(.read, "role/app/\(path)")[field] == shown)
        let whole = try await app.data(.read, "role/app")
        #expect(whole[field == "bound_cidr_list" ? "secret_id_bound_cidrs" : field] == shown)
        #expect(await app.refusal(.update, "role/app/\(path)")?.code == .invalidRequest)
        try await app.send(.delete, "role/app/\(path)")
        #expect((try await app.data(.read, "role/app/\(path)")[field] ?? .null) == initial)
        #expect(await app.refusal(.read, "role/none/\(path)")?.code == .notFound)
        #expect(
            await app.refusal(.update, "role/none/\(path)", JSONObject([.init(key: field, value: value)]))?.message
                == "role \"none\" does not exist")
        #expect(await app.refusal(.delete, "role/none/\(path)") == nil, "there is nothing to set back")
        #expect(try await app.keys("role") == ["app"])
    }

    @Test("a new name wins over its old one, and then answers alone")
    func legacyNames() async throws {
        let app = try await driver(["policies": "old", "period": 60])
        #expect(try await app.data(.read, "role/app")["policies"] == ["old"])
        #expect(try await app.data(.read, "role/app")["token_policies"] == ["old"])
        try await app.send(.update, "role/app", ["policies": "x", "token_policies": "new", "token_period": 30])
        let shown = try await app.data(.read, "role/app")
        #expect(shown["token_policies"] == ["new"])
        #expect(shown["policies"] == nil && shown["period"] == nil)
    }

    @Test("a role that would let anybody in is refused, however it comes about")
    func constraints() async throws {
        let text = "at least one constraint should be enabled on the role"
        let app = try await driver()
        #expect(await app.refusal(.update, "role/open", ["bind_secret_id": false])?.message == text)
        #expect(await app.refusal(.update, "role/app", ["bind_secret_id": false])?.message == text)
        #expect(await app.refusal(.update, "role/app/bind-secret-id", ["bind_secret_id": false])?.message == text)
        try await app.send(.update, "role/app", ["bind_secret_id": false, "secret_id_bound_cidrs": "10.0.0.0/8"])
        #expect(await app.refusal(.delete, "role/app/secret-id-bound-cidrs")?.message == text)
        #expect(await app.refusal(.update, "role/app", ["secret_id_bound_cidrs": ""])?.message == text)
        #expect(await app.refusal(.update, "role/app", ["secret_id_bound_cidrs": ","])?.code == .invalidRequest)
        #expect(try await app.data(.read, "role/app")["secret_id_bound_cidrs"] == ["10.0.0.0/8"])
        #expect(
            await app.refusal(.update, "role/app/secret-id")?.message == "bind_secret_id is not set on the role")
        let roleID = try await app.data(.read, "role/app/role-id")["role_id"] ?? .null
        #expect(await app.refusal(.update, "login", ["role_id": roleID], from: "10.0.0.1") == nil)
        #expect(await app.refusal(.update, "login", ["role_id": roleID], from: "11.0.0.1")?.code == .invalidRequest)
    }

    @Test("role ids can be read and chosen, and belong to one role")
    func roleIDs() async throws {
        let app = try await driver()
        let first = try await app.data(.read, "role/app/role-id")["role_id"]?.stringValue ?? ""
        #expect(first.utf8.count == 36)
        try await app.send(.update, "role/app/role-id", ["role_id": "my-app"])
        #expect(try await app.data(.read, "role/app/role-id") == ["role_id": "my-app"])
        let secret = try await app.data(.update, "role/app/secret-id")["secret_id"] ?? .null
        #expect(try await app.grant("login", ["role_id": "my-app", "secret_id": secret]).aliasName == "my-app")
        #expect(await app.refusal(.update, "login", ["role_id": .string(first), "secret_id": secret])?.code == .invalidRequest)
        #expect(await app.refusal(.update, "role/other", ["role_id": "my-app"])?.message == "role_id already in use")
        try await app.send(.update, "role/other", ["role_id": "its-own"])
        #expect(await app.refusal(.update, "role/other/role-id", ["role_id": "my-app"])?.message == "role_id already in use")
        #expect(await app.refusal(.update, "role/other/role-id")?.message == "missing role_id")
        #expect(await app.refusal(.update, "role/none/role-id", ["role_id": "x"])?.message == "role \"none\" does not exist")
        try await app.send(.update, "role/app/role-id", ["role_id": "my-app"])
        try await app.send(.delete, "role/app")
        try await app.send(.update, "role/other/role-id", ["role_id": "my-app"])
        for odd in ["", "a\nb", String(repeating: "a", count: 257)] {
            #expect(await app.refusal(.update, "role/other/role-id", ["role_id": .string(odd)])?.code == .invalidRequest)
        }
    }

    @Test("of many roles that take one id at once, one gets it")
    func roleIDRace() async throws {
        let app = try AuthDriver(AppRoleMethod.description, storage: YieldingStorage(StampingStorage(MemoryStorage())))
        let won = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<20 {
                group.addTask { await app.refusal(.update, "role/r\(index)", ["role_id": "wanted"]) == nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 1)
        #expect(try await app.keys("role").count == 1)
    }

    @Test("local secret ids are chosen when the role is made, and only then")
    func localSecretIDs() async throws {
        let app = try await driver(["local_secret_ids": true])
        #expect(try await app.data(.read, "role/app/local-secret-ids") == ["local_secret_ids": true])
        #expect(
            await app.refusal(.update, "role/app", ["local_secret_ids": false])?.message
                == "local_secret_ids can only be modified during role creation")
        #expect(await app.refusal(.update, "role/app", ["local_secret_ids": true]) == nil)
        #expect(await app.refusal(.update, "role/app/local-secret-ids")?.code == .methodNotAllowed)
    }

    @Test("says when the mount gives less than the role asks for")
    func mountMaximum() async throws {
        let app = try await driver(maxTTL: 3600)
        let response = try await app.send(.update, "role/app", ["token_max_ttl": 7200])
        #expect(response.warnings.first?.hasPrefix("token_max_ttl is greater than the backend mount's maximum") == true)
        let secret = try await app.send(.update, "role/app/secret-id", ["ttl": 7200])
        #expect(secret.warnings.count == 1)
        guard case .data(let data) = secret.body else { throw CofferError.notFound }
        #expect(data["secret_id_ttl"] == 3600)
    }

    @Test("deleting a role removes all that was its, after a failure at any commit and a second try", arguments: 1...4)
    func deletionIsWhole(failing: Int) async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let app = try AuthDriver(AppRoleMethod.description, storage: storage)
        try await app.send(.update, "role/app")
        try await app.send(.update, "role/keep")
        let kept = try await app.records().count
        for _ in 0..<3 { try await app.send(.update, "role/app/secret-id", ["metadata": "{\"a\":\"b\"}"]) }
        storage.failCommits(from: failing)
        #expect(await app.refusal(.delete, "role/app")?.code == .unavailable)
        storage.heal()
        #expect(await app.refusal(.delete, "role/app") == nil)
        #expect(try await app.records().count == kept - 2)
    }
}
