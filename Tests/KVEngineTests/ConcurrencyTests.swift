import EngineKit
import KVEngine
import Syntax
import TestSupport
import Testing

@Suite("KV version 2: many writers")
struct ConcurrencyTests {
    @Test("of 32 writers with the same check-and-set number exactly one wins")
    func checkAndSet() async throws {
        let kv = try KVDriver(storage: YieldingStorage(StampingStorage(MemoryStorage())))
        for round in 0..<20 {
            let wins = await withTaskGroup(of: Bool.self) { group in
                for writer in 0..<32 {
                    group.addTask {
                        await kv.refusal(.update, "data/a", #"{"data":{"w":\#(writer)},"options":{"cas":\#(round)}}"#) == nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
        #expect(try await kv.data(.read, "metadata/a")["current_version"] == 20)
    }

    @Test("32 writers without it all land, each with a version of its own")
    func all() async throws {
        let kv = try KVDriver(storage: YieldingStorage(StampingStorage(MemoryStorage())))
        try await kv.send(.update, "config", #"{"max_versions":1000}"#)
        let versions = try await withThrowingTaskGroup(of: Int?.self) { group in
            for writer in 0..<320 {
                group.addTask { try await kv.data(.update, "data/a", #"{"data":{"w":\#(writer)}}"#)["version"]?.intValue }
            }
            return try await group.reduce(into: []) { $0.append($1 ?? 0) }
        }
        #expect(versions.sorted() == Array(1...320))
        var seen: Set<Int> = []
        for version in 1...320 {
            seen.insert(try await kv.data(.read, "data/a", query: ["version": "\(version)"])["data"]?["w"]?.intValue ?? -1)
        }
        #expect(seen == Set(0..<320))
    }

    @Test("writers of two nodes over one store lose nothing either")
    func twoNodes() async throws {
        let storage = StampingStorage(MemoryStorage())
        let nodes = [try KVDriver(storage: storage), try KVDriver(storage: storage)]
        let landed = await withTaskGroup(of: Int.self) { group in
            for writer in 0..<64 {
                group.addTask { await nodes[writer % 2].refusal(.update, "data/a", #"{"data":{}}"#) == nil ? 1 : 0 }
            }
            return await group.reduce(0, +)
        }
        #expect(try await nodes[0].data(.read, "metadata/a")["current_version"] == .int(landed))
        #expect(landed >= 32)
    }

    @Test("decides again when another node was quicker, and keeps its check-and-set promise")
    func overtaken() async throws {
        let base = StampingStorage(MemoryStorage())
        let storage = InterposedStorage(base)
        let (kv, other) = (try KVDriver(storage: storage), try KVDriver(storage: base))
        try await kv.send(.update, "data/a", #"{"data":{"n":1}}"#)
        storage.before(nil) { _ = try? await other.send(.update, "data/a", #"{"data":{"n":2}}"#) }
        #expect(try await kv.data(.update, "data/a", #"{"data":{"n":3}}"#)["version"] == 3)
        storage.before(nil) { _ = try? await other.send(.update, "data/a", #"{"data":{"n":4}}"#) }
        #expect(
            await kv.refusal(.update, "data/a", #"{"data":{"n":5},"options":{"cas":3}}"#)?.message == CheckAndSetTests.mismatch)
        for version in 1...4 {
            #expect(try await kv.data(.read, "data/a", query: ["version": "\(version)"])["data"]?["n"] == .int(version))
        }
    }

    @Test("a version destroyed between the two reads of it is answered as destroyed, not as damage")
    func destroyedMeanwhile() async throws {
        let base = StampingStorage(MemoryStorage())
        let storage = InterposedStorage(base)
        let (kv, other) = (try KVDriver(storage: storage), try KVDriver(storage: base))
        for _ in 1...2 { try await kv.send(.update, "data/a", #"{"data":{}}"#) }
        storage.before("archive/a/0000000000000001") { _ = try? await other.send(.update, "destroy/a", #"{"versions":[1]}"#) }
        let refusal = await kv.refusal(.read, "data/a", query: ["version": "1"])
        #expect(refusal?.code == .notFound)
        #expect(try refusal?.data?.parsed()["metadata"]?["destroyed"] == true)
    }
}
