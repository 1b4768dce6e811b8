import EngineKit
import Syntax
import TestSupport
import Testing
import UserSecretsEngine

@Suite("The access log")
struct AccessTests {
    @Test("it has who did what, from where and what for, and never a value")
    func entries() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        driver.time.advance(seconds: 1)
        _ = try await driver.value(id)
        for _ in 0..<3 {
            _ = try await driver.resolve(["id": .string(id), "workflow_id": "w", "node_id": "n", "execution_id": "e"])
        }
        try await driver.send(.read, "u1/secrets/\(id)", as: "carol")
        await driver.flush()
        driver.time.advance(seconds: 1)
        try await driver.send(.delete, "u1/secrets/\(id)")
        #expect(
            Set(try await driver.log()) == [
                "update ok 1 alice", "reveal ok 1 alice", "use ok 3 worker", "read ok 1 carol", "delete ok 1 alice",
            ])
        #expect(try await driver.log().first == "delete ok 1 alice")
        #expect(try await driver.log().last == "update ok 1 alice")
        #expect(try await driver.log(of: "u1/secrets/\(id)").count == 5)
        let answer = try await driver.send(.read, "u1/access", ["action": "use"])
        #expect(
            answer["entries"] == [
                [
                    "at": "2023-11-14T22:13:21.000000000Z", "secret_id": .string(id), "action": "use", "outcome": "ok", "count": 3,
                    "actor": "worker", "entity_id": "entity-worker", "address": "192.0.2.7", "user_agent": "browser/1?[0m",
                    "workflow_id": "w", "node_id": "n", "execution_id": "e",
                ]
            ])
        for (key, value) in try await driver.records() where key.contains("/access/") {
            #expect(!String(decoding: value, as: UTF8.self).contains("canary"))
        }
        #expect(try await driver.log(of: "u2").isEmpty)
    }

    @Test("a reveal is in the log before the value leaves, and one that cannot be is refused")
    func revealFirst() async throws {
        let failing = FailingStorage(MemoryStorage())
        let driver = UserSecretsDriver(storage: StampingStorage(failing))
        let id = try await driver.id()
        failing.failCommit(1)
        #expect(await driver.refusal(.update, "u1/secrets/\(id)/reveal")?.code == .unavailable)
        _ = try await driver.value(id)
        #expect(try await driver.log(["action": "reveal"]) == ["reveal ok 1 alice"])
    }

    @Test("refused reveals and uses are in the log with their reason, and are not counted as uses")
    func refusals() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id("u1", ["visibility": "restricted", "is_active": false])
        _ = await driver.refusal(.update, "u1/secrets/\(id)/reveal")
        _ = await driver.resolveRefusal(["id": .string(id)])
        await driver.flush()
        #expect(try await driver.log(["outcome": "restricted"]) == ["reveal restricted 1 alice"])
        #expect(try await driver.log(["outcome": "inactive"]) == ["use inactive 1 worker"])
        #expect(try await driver.send(.read, "u1/secrets/\(id)")["usage_count"] == 0)
    }

    @Test("pages have every entry once, and filters are joined by and")
    func pages() async throws {
        let driver = UserSecretsDriver()
        let (first, second) = (try await driver.id(), try await driver.id("u1", ["label": "second"]))
        for number in 0..<30 {
            _ = try await driver.resolve(["id": .string(number % 2 == 0 ? first : second), "execution_id": .string("e\(number)")])
            if number % 10 == 9 { await driver.flush() }
        }
        func all(_ query: JSONObject, of path: String) async throws -> [String] {
            var (seen, query) = ([String](), query)
            query["limit"] = 4
            while true {
                let page = try await driver.send(.read, path + "/access", query)
                let rows = page["entries"]?.arrayValue ?? []
                #expect(rows.count <= 4)
                seen += rows.compactMap { $0["execution_id"]?.stringValue }
                guard let next = page["next"], next != .null else { return seen }
                query["after"] = next
            }
        }
        #expect(try await all(["action": "use"], of: "u1").sorted() == (0..<30).map { "e\($0)" }.sorted())
        #expect(try await all(["action": "use"], of: "u1/secrets/\(first)").sorted() == (0..<15).map { "e\($0 * 2)" }.sorted())
        #expect(try await all(["action": "use", "since": 1_700_000_060], of: "u1").count == 20)
        #expect(await driver.refusal(.read, "u1/access", ["after": "x"])?.reason == "invalid_field")
    }

    @Test("it is bounded by age and by number")
    func bounds() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        _ = try await driver.value(id)
        driver.time.advance(seconds: 91 * 86_400)
        #expect(try await driver.log().isEmpty)
        for _ in 0..<2_100 { _ = try await driver.value(id) }
        await driver.engine.runRound()
        #expect(try await driver.records().keys.count { $0.contains("/access/") } == 2_000)
    }

    @Test("a name in the store that is no time is skipped, whatever number it begins with")
    func oddNames() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id()
        for name in ["+223372036854775807-00000000", "-000000000000000001-0000000", "9999999999999999999-00000000"] {
            try await driver.overwrite("owned/u1/access/" + name, [1])
        }
        await driver.flush()
        #expect(try await driver.send(.read, "u1/secrets/\(id)")["id"] == .string(id))
    }
}
