import EngineKit
import Syntax
import Testing
import TestSupport

/// Changes that are decided on a reading are tried again when another writer was first, and give up after some tries.
/// What they answer then differs from place to place; this is the whole list, so that no change of it goes unseen.
@Suite("What contention answers", .timeLimit(.minutes(2)))
struct ContentionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var path: String
        var body: JSONObject
        var operation = EngineKit.Operation.update
        var code: CofferError.Code

        var testDescription: String { "\(operation) \(path)" }
    }

    private static func write(_ path: String, _ code: CofferError.Code, _ body: JSONObject = [:]) -> Case {
        Case(path: path, body: body, code: code)
    }

    static let cases: [Case] = [
        // 409: the request was not at fault and may be repeated.
        write("sys/mounts/more", .conflict, ["type": "kv"]),
        write("sys/mounts/secret/tune", .conflict, ["description": "x"]),
        write("sys/remount", .conflict, ["from": "secret", "to": "moved"]),
        write("sys/auth/more", .conflict, ["type": "approle"]),
        write("sys/policies/acl/p", .conflict, ["policy": #"path "x" { capabilities = ["read"] }"#]),
        write("auth/token/roles/r", .conflict, ["orphan": true]),
        write("identity/entity", .conflict, ["name": "e"]),
        write("identity/group", .conflict, ["name": "g"]),
        write("secret/data/x", .conflict, ["data": ["a": "b"]]),
        write("secret/metadata/x", .conflict, ["max_versions": 3]),
        write("secret/config", .conflict, ["max_versions": 3]),
        write("auth/people/users/ann", .conflict, ["password": "pw"]),
        write("auth/roles/role/app", .conflict),
        write("auth/roles/role/there/secret-id", .conflict),
        // 503, as if the store were away, and the server's log says so.
        write("auth/token/renew-self", .unavailable),
        write("cubbyhole/x", .unavailable, ["a": "b"]),
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
        #expect(answer.code == one.code, "\(answer.outcome)")
        // Nothing was half done, and the next try succeeds.
        let again = await harness.ask(one.operation, one.path, one.body, token: token)
        #expect(again.isSuccess, "\(again.outcome)")
    }
}
