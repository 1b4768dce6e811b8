import EngineKit
import Syntax
import Testing
import TestSupport

/// Changes that are decided on a reading are tried again when another writer was first, and give up after some tries: with a 409,
/// whatever was to be changed.
@Suite("What contention answers", .timeLimit(.minutes(2)))
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
    ]

    @Test("the list holds", arguments: cases)
    func answers(_ one: Case) async throws {
        let storage = HookedStorage(MemoryStorage())
        let harness = try await CoreHarness.make(storage: storage)
        await harness.ask(.update, "sys/auth/people", ["type": "userpass"])
        await harness.ask(.update, "sys/auth/roles", ["type": "approle"])
        await harness.ask(.update, "auth/roles/role/there")
        let token = try await harness.token(["root"], ["ttl": "1h"])
        storage.beforeCommit { (keys) throws(StorageError) in throw .conflict(key: keys[0]) }
        let answer = await harness.ask(one.operation, one.path, one.body, token: token)
        storage.beforeCommit(nil)
        #expect(answer.code == .conflict, "\(answer.outcome)")
        // Nothing was half done, and the next try succeeds.
        let again = await harness.ask(one.operation, one.path, one.body, token: token)
        #expect(again.isSuccess, "\(again.outcome)")
    }
}
