import EngineKit
import KVEngine
import Syntax
import TestSupport
import Testing

/// Both versions of the engine list alike.
struct ListedEngine: Sendable, CustomTestStringConvertible {
    let version: Int
    let write: String
    let list: String
    let body: String

    var testDescription: String { "version \(version)" }

    static let all = [
        ListedEngine(version: 2, write: "data/", list: "metadata/", body: #"{"data":{"x":1}}"#),
        ListedEngine(version: 1, write: "", list: "", body: #"{"x":1}"#),
    ]

    func filled(_ paths: [String]) async throws -> KVDriver {
        let kv = try KVDriver(version: version)
        for path in paths { try await kv.send(.update, write + path, body) }
        return kv
    }
}

@Suite("KV: listings")
struct ListingTests {
    static let paths = ["a", "a-b", "a/b", "a/b/c", "a/b/d/e", "a0", "b/x", "b/y/z", "c", "ü/é"]

    @Test("list children only, folders with a slash, in byte order", arguments: ListedEngine.all)
    func children(engine: ListedEngine) async throws {
        let kv = try await engine.filled(Self.paths)
        #expect(try await kv.keys(engine.list) == ["a", "a-b", "a/", "a0", "b/", "c", "ü/"])
        #expect(try await kv.keys(engine.list + "a") == ["b", "b/"])
        #expect(try await kv.keys(engine.list + "a/") == ["b", "b/"])
        #expect(try await kv.keys(engine.list + "a/b/d/") == ["e"])
        #expect(await kv.refusal(.list, engine.list + "none/")?.code == .notFound)
        #expect(await kv.refusal(.list, engine.list + "c/")?.messages == [])
    }

    @Test("descend into everything that may be listed", arguments: ListedEngine.all)
    func recursive(engine: ListedEngine) async throws {
        let kv = try await engine.filled(Self.paths)
        #expect(
            try await kv.keys(engine.list, query: ["recursive": "true"])
                == ["a", "a-b", "a/b", "a/b/c", "a/b/d/e", "a0", "b/x", "b/y/z", "c", "ü/é"])
        #expect(try await kv.keys(engine.list + "a/", query: ["recursive": "true"]) == ["b", "b/c", "b/d/e"])
    }

    @Test("do not look into a folder that the caller may not list", arguments: ListedEngine.all)
    func forbidden(engine: ListedEngine) async throws {
        let kv = try await engine.filled(Self.paths)
        let refused = [engine.list + "a/b/", engine.list + "b/y/"]
        let names = try await kv.keys(engine.list, query: ["recursive": "true"]) { operation, path in
            operation == .list && path.hasPrefix(engine.list) && path.hasSuffix("/") && !refused.contains(path)
        }
        #expect(names == ["a", "a-b", "a/b", "a/b/", "a0", "b/x", "b/y/", "c", "ü/é"])
        #expect(
            try await kv.keys(engine.list + "a", query: ["recursive": "true"]) { _, path in path != engine.list + "a/b/" }
                == ["b", "b/"])
    }

    @Test("pages join to the whole list", arguments: ListedEngine.all, [1, 2, 3, 100])
    func pages(engine: ListedEngine, limit: Int) async throws {
        let kv = try await engine.filled(Self.paths + (0..<40).map { "f\($0 % 7)/k\($0)" })
        for recursive in ["false", "true"] {
            for isForbidden in [false, true] {
                let mayAlso: @Sendable (Operation, String) -> Bool = { !isForbidden || !$1.hasSuffix("b/") }
                let whole = try await kv.keys(engine.list, query: ["recursive": recursive], mayAlso: mayAlso)
                var joined: [String] = []
                while true {
                    let query = ["recursive": recursive, "limit": "\(limit)", "after": joined.last ?? ""]
                    let page = try await kv.keys(engine.list, query: query, mayAlso: mayAlso)
                    #expect(page.count <= limit)
                    if page.isEmpty { break }
                    joined += page
                }
                #expect(joined == whole)
            }
        }
    }

    @Test("begin behind a name that need not exist", arguments: ListedEngine.all)
    func after(engine: ListedEngine) async throws {
        let kv = try await engine.filled(Self.paths)
        #expect(try await kv.keys(engine.list, query: ["after": "a.."]) == ["a/", "a0", "b/", "c", "ü/"])
        #expect(
            try await kv.keys(engine.list, query: ["after": "a/b/cc", "recursive": "true"])
                == ["a/b/d/e", "a0", "b/x", "b/y/z", "c", "ü/é"])
        #expect(try await kv.keys(engine.list, query: ["after": "b/zz/y", "recursive": "true"]) == ["c", "ü/é"])
        #expect(try await kv.keys(engine.list, query: ["after": "zz//../", "recursive": "true"]) == ["ü/é"])
    }

    @Test("refuse paging values of the wrong type", arguments: ListedEngine.all)
    func wrongTypes(engine: ListedEngine) async throws {
        let kv = try await engine.filled(["a"])
        #expect(await kv.refusal(.list, engine.list, query: ["limit": "x"])?.message == "field 'limit' must be a whole number")
        #expect(await kv.refusal(.list, engine.list, query: ["recursive": "x"])?.message == "field 'recursive' must be a boolean")
        let long = String(repeating: "x", count: 3_000)
        #expect(await kv.refusal(.list, engine.list, query: ["after": long])?.message == "field 'after' is too long")
        #expect(try await kv.keys(engine.list, query: ["limit": "-1"]) == ["a"])
    }

    @Test("give more than one page of the store", arguments: ["false", "true"])
    func large(recursive: String) async throws {
        let storage = MemoryStorage()
        let count = StorageLimits.pageMax + 5
        for start in stride(from: 0, to: count, by: 1_000) {
            var batch = Batch()
            for number in start..<min(start + 1_000, count) { batch.put("head/k\(100_000 + number)", []) }
            try await storage.commit(batch)
        }
        let kv = try KVDriver(storage: storage)
        #expect(try await kv.keys("metadata/", query: ["recursive": recursive]).count == count)
        let limited = try await kv.keys("metadata/", query: ["recursive": recursive, "limit": "\(count - 2)"])
        #expect(limited.count == count - 2)
    }

    @Test("a detailed list says of a damaged record that it is one, and shows the others")
    func damagedRecord() async throws {
        let kv = try KVDriver()
        for name in ["a", "b"] { try await kv.send(.update, "data/\(name)", #"{"data":{"x":1}}"#) }
        var batch = Batch()
        batch.put("head/a", [0x48, 1, 0])
        try await kv.storage.commit(batch)
        let list = try await kv.data(.list, "detailed-metadata/")
        #expect(list["keys"] == ["a", "b"])
        #expect(list["key_info"]?["a"]?["error"] != nil && list["key_info"]?["b"]?["current_version"] == 1)
        #expect(await kv.refusal(.read, "data/a")?.code == .internal)
    }
}
