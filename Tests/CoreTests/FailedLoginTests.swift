import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct FailedLoginTests {
    @Test(arguments: RenewalTests.Method.all, [nil, 60]) func aRefusedLoginLeavesNoTokenAndNoEntity(
        _ method: RenewalTests.Method, wrapTTL: Int?
    ) async throws {
        let storage = MemoryStorage()
        let server = try await CoreHarness.make(storage: storage)
        await server.ask(.update, "sys/auth/\(method.type)", ["type": .string(method.type)])
        // Right credentials too, of an account whose addresses are others.
        await method.write(server, ["token_bound_cidrs": "10.0.0.0/8"])
        let role = await server.ask(.read, "auth/approle/role/app/role-id").data?["role_id"] ?? .null
        let secret = await server.ask(.update, "auth/approle/role/app/secret-id").data?["secret_id"] ?? .null
        func count() async throws -> Int {
            try await storage.list(Listing(prefix: "sys/token/", isRecursive: true)).count
                + storage.list(Listing(prefix: "sys/identity/", isRecursive: true)).count
        }
        let before = try await count()
        let logins: [(String, JSONObject)] = [
            ("login/app", ["password": "no"]), ("login/app", ["password": "pw"]), ("login/nobody", ["password": "pw"]),
            ("login", ["role_id": role, "secret_id": "no"]), ("login", ["role_id": role, "secret_id": secret]),
            ("login", ["role_id": "nobody", "secret_id": secret]), ("login", [:]),
        ]
        for (path, body) in logins {
            let answer = await server.ask(
                .update, "auth/\(method.type)/\(path)", body, token: nil, from: "11.1.1.1", wrapTTL: wrapTTL)
            #expect(!answer.isSuccess && answer.issued == nil && answer.wrapInfo == nil)
        }
        #expect(try await count() == before)
    }

    /// The last wall, behind what each auth method refuses when a role is written.
    @Test(arguments: [["root"], ["app", "root"], ["ROOT"], [" root "]]) func noLoginGivesRoot(_ policies: [String]) async throws {
        let storage = MemoryStorage()
        let server = try await CoreHarness.make(storage: storage)
        await server.ask(.update, "sys/mounts/test", ["type": "test"])
        server.engine.set { $0.policies = policies }
        let before = try await storage.list(Listing(prefix: "sys/token/id/")).count
        let answer = await server.ask(.update, "test/login")
        #expect(!answer.isSuccess && answer.issued == nil)
        #expect(try await storage.list(Listing(prefix: "sys/token/id/")).count == before)
    }
}
