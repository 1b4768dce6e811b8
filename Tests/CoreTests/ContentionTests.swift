import EngineKit
import Syntax
import Testing
import TestSupport

/// Changes that are decided on a reading are tried again when another writer was first, and give up after some tries: with a 409,
/// whatever was to be changed.
@Suite("What contention answers", .timeLimit(.minutes(10)))
struct ContentionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var path: String
        var body: JSONObject
        var operation = EngineKit.Operation.update

        var testDescription: String { "\(operation) \(path)" }
    }

    private static func write(_ path: String, _ body: JSONObject = [:]) -> Case {
        Case(path: path, body: body)
    }

    static let cases: [Case] = [
        write("sys/mounts/more", ["type": "kv"]),
        write("sys/mounts/secret/tune", ["description": "x"]),
        write("sys/remount", ["from": "secret", "to": "moved"]),
        write("sys/auth/more", ["type": "approle"]),
        write("sys/policies/acl/p", ["policy": #"path "x" { capabilities = ["read"] }"#]),
        write("auth/token/roles/r", ["orphan": true]),
        write("identity/entity", ["name": "e"]),
        write("identity/group", ["name": "g"]),
        write("secret/data/x", ["data": ["a": "b"]]),
        write("secret/metadata/x", ["max_versions": 3]),
        write("secret/config", ["max_versions": 3]),
        write("auth/people/users/ann", ["password": "pw"]),
        write("auth/roles/role/app"),
        write("auth/roles/role/there/secret-id"),
        write("auth/token/renew-self"),
        write("cubbyhole/x", ["a": "b"]),
        write("transit/keys/new"),
        write("transit/keys/k/rotate"),
        write("transit/keys/k/config", ["min_decryption_version": 1]),
        write("database/config/new", database),
        write("database/roles/new", ["db_name": "db", "creation_statements": .array([.string(#"["~app:*", "+get"]"#)])]),
        write("sys/leases/renew", ["lease_id": "{lease}"]),
        write("sys/leases/revoke", ["lease_id": "{lease}"]),
        write("sys/leases/revoke", ["lease_id": "{lease}", "sync": true]),
        write("auth/token/revoke", ["token": "{token}"]),
        write("auth/token/revoke-orphan", ["token": "{token}"]),
        write("auth/token/renew", ["token": "{token}"]),
        Case(path: "database/roles/there", body: [:], operation: .delete),
        Case(path: "transit/keys/k", body: [:], operation: .delete),
        Case(path: "sys/mounts/test", body: [:], operation: .delete),
    ]

    private static let database: JSONObject = [
        "plugin_name": "redis-database-plugin", "host": "127.0.0.1", "port": 1, "username": "u", "password": "p",
        "allowed_roles": "*", "verify_connection": false,
    ]

    @Test("the list holds", arguments: cases)
    func answers(_ one: Case) async throws {
        let storage = HookedStorage(MemoryStorage())
        let harness = try await CoreHarness.make(storage: storage)
        await harness.ask(.update, "sys/auth/people", ["type": "userpass"])
        await harness.ask(.update, "sys/auth/roles", ["type": "approle"])
        await harness.ask(.update, "auth/roles/role/there")
        for (path, type) in [("test", "test"), ("transit", "transit"), ("database", "database")] {
            #expect(await harness.ask(.update, "sys/mounts/\(path)", ["type": .string(type)]).isSuccess)
        }
        #expect(await harness.ask(.update, "transit/keys/k").isSuccess)
        #expect(await harness.ask(.update, "transit/keys/k/config", ["deletion_allowed": true]).isSuccess)
        #expect(await harness.ask(.update, "database/config/db", Self.database).isSuccess)
        let role: JSONObject = ["db_name": "db", "creation_statements": .array([.string(#"["~app:*", "+get"]"#)])]
        #expect(await harness.ask(.update, "database/roles/there", role).isSuccess)
        let token = try await harness.token(["root"], ["ttl": "1h"])
        let one = try await filled(one, harness)
        storage.beforeCommit { (keys) throws(StorageError) in throw .conflict(key: keys[0]) }
        let answer = await harness.ask(one.operation, one.path, one.body, token: token)
        storage.beforeCommit(nil)
        #expect(answer.code == .conflict, "\(answer.outcome)")
        // Nothing was half done, and the next try succeeds.
        let again = await harness.ask(one.operation, one.path, one.body, token: token)
        #expect(again.isSuccess, "\(again.outcome)")
    }

    /// With the id of a lease and the text of a token in their places.
    private func filled(_ one: Case, _ harness: CoreHarness) async throws -> Case {
        var one = one
        for (index, member) in one.body.members.enumerated() {
            switch member.value {
            case "{lease}": one.body.members[index].value = .string(try await LeaseTests.lease(harness).id)
            case "{token}": one.body.members[index].value = .string(try await harness.token(["default"], ["ttl": "1h"]))
            default: break
            }
        }
        return one
    }
}
