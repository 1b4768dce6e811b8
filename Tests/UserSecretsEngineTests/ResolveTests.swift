import EngineKit
import Syntax
import TestSupport
import Testing
import UserSecretsEngine

@Suite("Values for workflows")
struct ResolveTests {
    private let kind: JSONObject = ["provider": "openai", "secret_type": "api_key"]

    @Test("a value is found by id and by kind, with what a node has to know")
    func found() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id("u1", ["expires_at": "2030-01-01"])
        let answer = try await driver.resolve(kind)
        #expect(
            answer == [
                "value": "sk-canary-0123456789abcd", "id": .string(id), "version": 1, "source": "user", "provider": "openai",
                "secret_type": "api_key", "label": .null, "expires_at": "2030-01-01T00:00:00.000000000Z", "warning": .null,
            ])
        #expect(try await driver.resolve(["id": .string(id)]) == answer)
        try await driver.send(.patch, "u1/secrets/\(id)", ["visibility": "restricted", "value": "second"])
        #expect(try await driver.resolve(kind)["value"] == "second")
    }

    @Test("a person does not get a restricted value of theirs, as if they were a service")
    func ownersAreNoServices() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id("entity-alice", ["visibility": "restricted"])
        let refusal = await #expect(throws: CofferError.self) {
            try await driver.resolve(["id": .string(id)], of: "entity-alice", as: "alice")
        }
        #expect(refusal?.reason == "restricted")
        #expect(try await driver.resolve(["id": .string(id)], of: "entity-alice")["id"] == .string(id))
        let open = try await driver.id("entity-alice", provider: "cohere")
        #expect(try await driver.resolve(["id": .string(open)], of: "entity-alice", as: "alice")["id"] == .string(open))
    }

    @Test("what cannot be used says why, and another of the same kind is not taken in its place")
    func refusals() async throws {
        let driver = UserSecretsDriver()
        #expect(await driver.resolveRefusal(kind) == "not_found")
        let id = try await driver.id()
        let other = try await driver.id("u1", ["label": "other"])
        try await driver.send(.patch, "u1/secrets/\(id)", ["is_active": false])
        #expect(await driver.resolveRefusal(kind) == "inactive")
        #expect(await driver.resolveRefusal(["id": .string(id)]) == "inactive")
        try await driver.send(.patch, "u1/secrets/\(id)", ["is_active": true, "expires_at": 1_700_000_001])
        #expect(await driver.resolveRefusal(kind) == nil)
        driver.time.advance(seconds: 1)
        #expect(await driver.resolveRefusal(kind) == "expired")
        #expect(try await driver.resolve(["id": .string(other)])["label"] == "other")
        #expect(await driver.resolveRefusal(["id": .string(id)], of: "u2") == "not_found")
        #expect(await driver.resolveRefusal(["id": "x"]) == "not_found")
        #expect(await driver.resolveRefusal(["provider": "openai", "secret_type": "API_KEY"]) == "not_found")
        #expect(await driver.resolveRefusal(["provider": "openai", "secret_type": "api_key", "label": "none"]) == "not_found")
    }

    @Test("without a default the only one that can be used is meant, and several are ambiguous")
    func ambiguous() async throws {
        let driver = UserSecretsDriver()
        let plain = try await driver.id()
        let work = try await driver.id("u1", ["label": "work"])
        #expect(try await driver.resolve(kind)["id"]?.stringValue == plain)
        try await driver.send(.patch, "u1/secrets/\(plain)", ["is_default": false])
        #expect(await driver.resolveRefusal(kind) == "ambiguous")
        #expect(
            try await driver.resolve(["provider": "openai", "secret_type": "api_key", "label": "work"])["id"]?.stringValue == work)
        try await driver.send(.patch, "u1/secrets/\(plain)", ["is_active": false])
        #expect(try await driver.resolve(kind)["id"]?.stringValue == work)
        try await driver.send(.patch, "u1/secrets/\(work)", ["is_active": false])
        #expect(await driver.resolveRefusal(kind) == "inactive")
        try await driver.send(.patch, "u1/secrets/\(work)", ["is_active": true, "is_default": true])
        #expect(try await driver.resolve(kind)["id"]?.stringValue == work)
    }

    @Test("a request names a secret in one way", arguments: [[:], ["provider": "p"], ["secret_type": "t"]] as [JSONObject])
    func incomplete(body: JSONObject) async throws {
        #expect(await UserSecretsDriver().refusal(.update, "u1/resolve", body)?.code == .invalidRequest)
    }

    @Test("an id together with a kind is refused, so that rules about providers cannot be passed by")
    func both() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        #expect(await driver.refusal(.update, "u1/resolve", ["id": .string(id), "provider": "other"])?.code == .invalidRequest)
    }

    @Test("uses are counted to the minute by the node that saw them, those of all nodes together, and reveals are not")
    func usage() async throws {
        let storage = StampingStorage(MemoryStorage())
        let time = ManualTime()
        let nodes = [
            UserSecretsDriver(storage: storage, time: time, seed: 1), UserSecretsDriver(storage: storage, time: time, seed: 2),
        ]
        let id = try await nodes[0].id()
        for _ in 0..<3 { _ = try await nodes[0].resolve(["id": .string(id), "workflow_id": "w1"]) }
        time.advance(seconds: 5)
        for _ in 0..<4 { _ = try await nodes[1].resolve(kind) }
        _ = try await nodes[1].value(id)
        #expect(try await nodes[0].list().first?["usage_count"] == 0)
        await nodes[0].flush()
        await nodes[1].engine.finish()
        nodes[0].engine.drop(.keys(["owned/u1/usage/\(id)"]))
        for answer in [
            try await nodes[0].list().first, .object(try await nodes[0].send(.read, "u1/secrets/\(id)")),
        ] {
            #expect(answer?["usage_count"] == 7)
            #expect(answer?["last_used_at"] == "2023-11-14T22:13:25.000000000Z")
            #expect(answer?["last_used_in_workflow"] == "w1")
        }
        await nodes[0].flush()
        #expect(try await nodes[0].list().first?["usage_count"] == 7)
    }

    @Test("uses of a secret that was deleted meanwhile leave nothing, and uses that could not be stored are stored later")
    func flushing() async throws {
        let failing = FailingStorage(MemoryStorage())
        let driver = UserSecretsDriver(storage: StampingStorage(failing))
        let (gone, kept) = (try await driver.id(), try await driver.id("u1", ["label": "kept"]))
        for id in [gone, kept] { _ = try await driver.resolve(["id": .string(id)]) }
        try await driver.send(.delete, "u1/secrets/\(gone)")
        try await driver.send(.delete, "u1/trash/\(gone)")
        failing.failCommit(1)
        await driver.engine.finish()
        #expect(try await driver.send(.read, "u1/secrets/\(kept)")["usage_count"] == 0)
        await driver.engine.finish()
        #expect(try await driver.send(.read, "u1/secrets/\(kept)")["usage_count"] == 1)
        #expect(try await driver.records()["owned/u1/usage/\(gone)"] == nil)
        #expect(try await driver.log(["action": "use"]).count == 2)
    }

    @Test("an owner whose key is gone gets no records back")
    func goneOwner() async throws {
        let driver = UserSecretsDriver()
        _ = try await driver.id()
        _ = try await driver.resolve(kind)
        for key in try await driver.records().keys where key.hasPrefix("owned/") { try await driver.storage.delete(key) }
        await driver.engine.finish()
        #expect(try await driver.records().keys.sorted() == ["root"])
    }

    @Test("names of workflows are bounded and have no control characters")
    func workflowNames() async throws {
        let driver = UserSecretsDriver()
        _ = try await driver.id()
        for text in [String(repeating: "w", count: 257), "w\n"] {
            var body = kind
            body["workflow_id"] = .string(text)
            #expect(await driver.resolveRefusal(body) == "invalid_field")
        }
    }
}
