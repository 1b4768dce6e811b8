import EngineKit
import Syntax
import Testing

@Suite("KV version 2: check-and-set")
struct CheckAndSetTests {
    static let mismatch = "check-and-set parameter did not match the current version"
    static let required = "check-and-set parameter required for this call"

    @Test("0 writes only what does not exist; a number only over that version")
    func numbers() async throws {
        let kv = try KVDriver()
        #expect(await kv.refusal(.update, "data/a", #"{"data":{},"options":{"cas":1}}"#)?.message == Self.mismatch)
        try await kv.send(.update, "data/a", #"{"data":{},"options":{"cas":0}}"#)
        for cas in ["0", "2", "-1", "\"0\""] {
            let refusal = await kv.refusal(.update, "data/a", #"{"data":{},"options":{"cas":\#(cas)}}"#)
            #expect(refusal?.code == .invalidRequest)
            #expect(refusal?.message == Self.mismatch)
        }
        try await kv.send(.update, "data/a", #"{"data":{},"options":{"cas":"1"}}"#)
        #expect(try await kv.data(.update, "data/a", #"{"data":{},"options":{"cas":2}}"#)["version"] == 3)
    }

    @Test("null and other options count as none")
    func noNumber() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":{},"options":null}"#)
        try await kv.send(.update, "data/a", #"{"data":{},"options":{}}"#)
        #expect(try await kv.data(.update, "data/a", #"{"data":{},"options":{"cas":null,"x":1}}"#)["version"] == 3)
    }

    @Test("a deleted version still has its number")
    func deleted() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "data/a", #"{"data":{}}"#)
        try await kv.send(.delete, "data/a")
        #expect(await kv.refusal(.update, "data/a", #"{"data":{},"options":{"cas":0}}"#)?.message == Self.mismatch)
        #expect(try await kv.data(.update, "data/a", #"{"data":{},"options":{"cas":1}}"#)["version"] == 2)
    }

    @Test("is demanded by the mount or the secret", arguments: ["config", "metadata/a"])
    func demanded(path: String) async throws {
        let kv = try KVDriver()
        try await kv.send(.update, path, #"{"cas_required":true}"#)
        #expect(await kv.refusal(.update, "data/a", #"{"data":{}}"#)?.message == Self.required)
        #expect(try await kv.data(.update, "data/a", #"{"data":{},"options":{"cas":0}}"#)["version"] == 1)
        #expect(await kv.refusal(.patch, "data/a", #"{"data":{}}"#)?.message == Self.required)
        #expect(await kv.refusal(.patch, "data/a", #"{"data":{},"options":{"cas":7}}"#)?.message == Self.mismatch)
        #expect(try await kv.data(.patch, "data/a", #"{"data":{},"options":{"cas":1}}"#)["version"] == 2)
    }

    @Test("metadata alone leaves the current version at 0")
    func metadataOnly() async throws {
        let kv = try KVDriver()
        try await kv.send(.update, "metadata/a", #"{"max_versions":2}"#)
        #expect(try await kv.data(.update, "data/a", #"{"data":{},"options":{"cas":0}}"#)["version"] == 1)
    }
}
