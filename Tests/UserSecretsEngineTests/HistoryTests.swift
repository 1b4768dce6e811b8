import EngineKit
import Syntax
import TestSupport
import Testing
import UserSecretsEngine

@Suite("Versions, the trash and many at once")
struct HistoryTests {
    private func versions(_ driver: UserSecretsDriver, _ id: String) async throws -> [JSON] {
        try await driver.send(.read, "u1/secrets/\(id)/versions")["versions"]?.arrayValue ?? []
    }

    @Test("ten versions are kept, each with who, when, and a fingerprint that tells same values")
    func versionsKept() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id(value: "v1")
        for number in 2...12 {
            driver.time.advance(seconds: 1)
            try await driver.send(.update, "u1/secrets/\(id)", ["value": .string(number == 12 ? "v3" : "v\(number)")], as: "bob")
        }
        let rows = try await versions(driver, id)
        #expect(rows.compactMap { $0["version"]?.intValue } == Array((3...12).reversed()))
        #expect(rows.map { $0["is_current"] == true } == [true] + Array(repeating: false, count: 9))
        #expect(rows.first?["created_by"] == "bob")
        #expect(rows.first?["fingerprint"] == rows.last?["fingerprint"])
        #expect(Set(rows.compactMap { $0["fingerprint"]?.stringValue }).count == 9)
        let old = try await driver.records().keys.filter { $0.hasPrefix("owned/u1/old/") }
        #expect(old.count == 9)
    }

    @Test("an earlier value is restored as a new version, and one that is gone is not found")
    func restore() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id(value: "first-0123456789-abcd")
        try await driver.send(.update, "u1/secrets/\(id)", ["value": "second-0123456789-efgh"])
        let restored = try await driver.send(.update, "u1/secrets/\(id)/restore", ["version": 1])
        #expect(restored["version"] == 3)
        #expect(restored["hint"] == "abcd")
        #expect(try await driver.value(id) == "first-0123456789-abcd")
        #expect(try await driver.send(.update, "u1/secrets/\(id)/restore", ["version": 3])["version"] == 3)
        for version in [0, 4, -1] {
            #expect(await driver.refusal(.update, "u1/secrets/\(id)/restore", ["version": .int(version)])?.code == .notFound)
        }
    }

    @Test("an earlier value that was put in the place of another is refused and named")
    func oldMoved() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id(value: "first")
        for value in ["second", "third"] { try await driver.send(.update, "u1/secrets/\(id)", ["value": .string(value)]) }
        let first = try #require(try await driver.storage.get("owned/u1/old/\(id)/1")).value
        try await driver.overwrite("owned/u1/old/\(id)/2", first)
        await #expect(throws: StorageError.corrupted(key: "owned/u1/old/\(id)/2")) {
            try await driver.send(.update, "u1/secrets/\(id)/restore", ["version": 2])
        }
    }

    @Test("a deleted secret can be restored with its id, its versions and its use")
    func trash() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id(value: "first")
        try await driver.send(.update, "u1/secrets/\(id)", ["value": "second"])
        _ = try await driver.resolve(["id": .string(id)])
        await driver.flush()
        try await driver.send(.delete, "u1/secrets/\(id)", as: "bob")
        #expect(await driver.refusal(.update, "u1/secrets/\(id)/reveal")?.code == .notFound)
        #expect(await driver.resolveRefusal(["id": .string(id)]) == "not_found")
        let trash = try await driver.send(.read, "u1/trash")
        #expect(trash["total"] == 1)
        #expect(trash["secrets"]?.arrayValue?.first?["deleted_by"] == "bob")
        #expect(trash["secrets"]?.arrayValue?.first?["purge_at"] == "2023-12-14T22:14:20.000000000Z")
        #expect(!String(decoding: JSON.object(trash).encoded(), as: UTF8.self).contains("second"))
        let back = try await driver.send(.update, "u1/trash/\(id)/restore")
        #expect(back["usage_count"] == 1)
        #expect(back["is_default"] == true)
        #expect(try await driver.value(id) == "second")
        #expect(try await driver.send(.update, "u1/secrets/\(id)/restore", ["version": 1])["version"] == 3)
        #expect(try await driver.send(.read, "u1/trash")["total"] == 0)
        #expect(await driver.refusal(.update, "u1/trash/\(id)/restore")?.code == .notFound)
    }

    @Test("a secret is not restored over another of its provider, type and label")
    func taken() async throws {
        let driver = UserSecretsDriver()
        let id = try await driver.id(value: "first")
        try await driver.send(.delete, "u1/secrets/\(id)")
        let second = try await driver.id(value: "second")
        #expect(await driver.refusal(.update, "u1/trash/\(id)/restore")?.reason == "exists")
        #expect(try await driver.value(second) == "second")
        #expect(try await driver.send(.read, "u1/trash")["total"] == 1)
    }

    @Test("after thirty days, or when its owner says so, a secret is gone with all its values")
    func purge() async throws {
        let driver = UserSecretsDriver()
        let (late, now) = (try await driver.id(), try await driver.id("u1", ["label": "now"]))
        for id in [late, now] {
            try await driver.send(.update, "u1/secrets/\(id)", ["value": "second"])
            try await driver.send(.delete, "u1/secrets/\(id)")
        }
        try await driver.send(.delete, "u1/trash/\(now)")
        #expect(await driver.refusal(.delete, "u1/trash/\(now)")?.code == .notFound)
        driver.time.advance(seconds: 30 * 86_400 - 120)
        await driver.engine.runRound()
        #expect(try await driver.send(.read, "u1/trash")["total"] == 1)
        driver.time.advance(seconds: 120)
        await driver.engine.runRound()
        #expect(try await driver.send(.read, "u1/trash")["total"] == 0)
        let left = try await driver.records().keys.filter { !$0.contains("/access/") }
        #expect(left.sorted() == ["owned/u1/counts", "owned/u1/keys", "root"])
        #expect(try await driver.storage.get("owned/u1/counts")?.value == Array(#"{"secrets":0,"pairs":0}"#.utf8))
    }

    @Test("many are changed in one request, each with an answer of its own")
    func bulk() async throws {
        let driver = UserSecretsDriver()
        var ids: [String] = []
        for number in 0..<3 {
            ids.append(try await driver.id("u1", ["label": .string("l\(number)"), "tags": number == 0 ? ["x"] : []]))
        }
        let foreign = try await driver.id("u2")
        let all = ids + [foreign, "nonsense"]
        func run(_ action: String, _ tags: [String] = []) async throws -> [String] {
            let answer = try await driver.send(
                .update, "u1/bulk", ["action": .string(action), "ids": .strings(all), "tags": .strings(tags)])
            let rows = answer["results"]?.arrayValue ?? []
            #expect(rows.compactMap { $0["id"]?.stringValue } == all)
            return rows.compactMap { $0["status"]?.stringValue }
        }
        #expect(try await run("tag", ["x"]) == ["unchanged", "done", "done", "not_found", "not_found"])
        #expect(try await driver.send(.read, "u1/tags")["tags"] == [["tag": "x", "count": 3]])
        #expect(try await run("untag", ["x"]) == ["done", "done", "done", "not_found", "not_found"])
        #expect(try await run("disable") == ["done", "done", "done", "not_found", "not_found"])
        #expect(try await run("disable") == ["unchanged", "unchanged", "unchanged", "not_found", "not_found"])
        #expect(try await run("delete") == ["done", "done", "done", "not_found", "not_found"])
        #expect(try await driver.list().isEmpty)
        #expect(try await driver.list(of: "u2").first?["is_active"] == true)
        #expect(await driver.refusal(.update, "u1/bulk", ["action": "tag", "ids": .strings(ids)])?.code == .invalidRequest)
        #expect(
            await driver.refusal(.update, "u1/bulk", ["action": "delete", "ids": .strings((0..<1_001).map { "\($0)" })])?.reason
                == "invalid_field")
    }

    @Test("whoever may not change a secret by its own path may not change it among many")
    func bulkRights() async throws {
        let driver = UserSecretsDriver()
        let (mine, other) = (try await driver.id(), try await driver.id("u1", ["label": "other"]))
        for action in ["disable", "delete"] {
            let answer = try await driver.send(
                .update, "u1/bulk", ["action": .string(action), "ids": .strings([mine, other])],
                mayAlso: { operation, path in
                    path == "u1/secrets/\(mine)" && operation == (action == "delete" ? .delete : .update)
                })
            #expect(answer["results"]?.arrayValue?.compactMap { $0["status"]?.stringValue } == ["done", "denied"])
        }
        #expect(try await driver.list().compactMap { $0["id"]?.stringValue } == [other])
    }
}
