import Core
import EngineKit
import StoreKit
import Syntax
import TestSupport
import Testing

@Suite("What logins with a second factor need before they begin")
struct LoginMFARuleTests {
    @Test("codes that no login has are refused before the login spends anything")
    func malformedCodes() async throws {
        let mfa = try await SecondFactor.make()
        let server = mfa.server
        await server.ask(.update, "sys/auth/approle", ["type": "approle"])
        await server.ask(.update, "auth/approle/role/app", ["secret_id_num_uses": 1])
        let role = await server.ask(.read, "auth/approle/role/app/role-id").data?["role_id"] ?? .null
        let secret = await server.ask(.update, "auth/approle/role/app/secret-id").data?["secret_id"] ?? .null
        let login: JSONObject = ["role_id": role, "secret_id": secret]
        let long = "phone:" + String(repeating: "1", count: 257)
        for codes in [[long], Array(repeating: "phone:1", count: 5), (0..<33).map { "m\($0):1" }] {
            let answer = await mfa.logIn("", codes: codes, path: "auth/approle/login", body: login)
            #expect(answer.code == .invalidRequest && answer.message.contains("X-Vault-MFA"))
        }
        #expect(await mfa.logIn("", path: "auth/approle/login", body: login).issued != nil)
        #expect(await mfa.logIn("", path: "auth/approle/login", body: login).issued == nil)
    }

    @Test("rules that could not be read are read again by the next round of jobs, and until then nobody logs in")
    func outdated() async throws {
        let storage = FailingStorage(MemoryStorage())
        let mfa = try await SecondFactor.make(storage: storage)
        storage.failReads(afterCommit: 1)
        let body: JSONObject = ["mfa_method_ids": [.string(mfa.method)], "auth_method_types": ["userpass"]]
        #expect(await !mfa.server.ask(.update, "identity/mfa/login-enforcement/all", body).isSuccess)
        storage.heal()
        let answer = await mfa.logIn()
        #expect(answer.code == .unavailable && answer.message.contains("second factor"))
        await mfa.server.core.runJobs(round: 1)
        #expect(await mfa.logIn().lacking != nil)
    }
}
