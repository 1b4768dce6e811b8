import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Tokens made by tokens")
struct TokenFamilyTests {
    @Test("descend 64 generations at most, and beyond that an orphan can be made")
    func generations() async throws {
        let harness = try await CoreHarness.make()
        func make(_ more: JSONObject = [:], token: String) async -> CoreHarness.Answer {
            var body = more
            body["policies"] = ["root"]
            return await harness.ask(.update, "auth/token/create", body, token: token)
        }
        var token = harness.root
        for _ in 0..<64 { token = try #require(await make(token: token).issued?.clientToken) }
        #expect(await harness.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        for type in ["service", "batch"] {
            let refused = await harness.ask(
                .update, "auth/token/create", ["policies": ["default"], "type": .string(type)], token: token)
            #expect(refused.code == .invalidRequest)
            #expect(refused.error?.messages.first?.contains("descends from 64") == true)
        }
        let orphan = try #require(await make(["no_parent": true], token: token).issued?.clientToken)
        #expect(await make(token: orphan).isSuccess)
    }

    @Test("are made although what the answer warns of cannot be looked up")
    func warnings() async throws {
        let storage = HookedStorage(MemoryStorage())
        let harness = try await CoreHarness.make(storage: storage)
        let warned = await harness.ask(.update, "auth/token/create", ["policies": ["other"]])
        #expect(warned.response?.warnings.count == 1)
        storage.failOnce(get: "sys/policy/other")
        let made = await harness.ask(.update, "auth/token/create", ["policies": ["other"]])
        #expect(made.response?.warnings.isEmpty == true)
        #expect(await harness.ask(.read, "auth/token/lookup-self", token: made.issued?.clientToken).isSuccess)
    }
}
