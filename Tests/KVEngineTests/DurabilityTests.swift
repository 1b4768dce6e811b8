import EngineKit
import KVEngine
import Syntax
import TestSupport
import Testing

@Suite("KV version 2: failures and damage")
struct DurabilityTests {
    private static let steps: [(Operation, String, String)] = [
        (.update, "config", #"{"max_versions":2}"#), (.update, "data/a", #"{"data":{"n":1}}"#),
        (.update, "data/a", #"{"data":{"n":2}}"#), (.update, "data/a", #"{"data":{"n":3}}"#),
        (.patch, "data/a", #"{"data":{"m":4}}"#), (.delete, "data/a", ""), (.update, "undelete/a", #"{"versions":[4]}"#),
        (.update, "delete/a", #"{"versions":[3]}"#), (.update, "destroy/a", #"{"versions":[3,4]}"#),
        (.update, "metadata/a", #"{"custom_metadata":{"k":"v"}}"#), (.patch, "metadata/a", #"{"custom_metadata":{"k":null}}"#),
        (.delete, "metadata/a", ""),
    ]

    @Test("each change is one commit: one that fails leaves everything as it was", arguments: steps.indices)
    func atomic(failing: Int) async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let kv = try KVDriver(storage: storage)
        for (operation, path, body) in Self.steps[..<failing] { try await kv.send(operation, path, body) }
        let before = try await kv.records()
        let commits = storage.commitCount
        let (operation, path, body) = Self.steps[failing]
        storage.failCommit(1)
        #expect(await kv.refusal(operation, path, body)?.code == .unavailable)
        #expect(storage.commitCount == commits + 1)
        #expect(try await kv.records() == before)
        try await kv.send(operation, path, body)
        #expect(storage.commitCount == commits + 2)
        #expect(try await kv.records() != before)
    }

    private static let requests: [(Operation, String, String)] = [
        (.read, "data/a", ""), (.read, "data/a?1", ""), (.read, "metadata/a", ""), (.read, "subkeys/a", ""),
        (.patch, "data/a", #"{"data":{"x":1}}"#), (.update, "data/a", #"{"data":{"x":1}}"#), (.delete, "data/a", ""),
        (.update, "destroy/a", #"{"versions":[1,2,3]}"#), (.patch, "metadata/a", #"{"custom_metadata":{"z":"1"}}"#),
        (.delete, "metadata/a", ""), (.read, "config", ""), (.update, "config", #"{"cas_required":false}"#),
    ]

    /// A mount with a history, and the record to damage.
    private func mount() async throws -> KVDriver {
        let kv = try KVDriver(storage: StampingStorage(MemoryStorage()))
        try await kv.send(.update, "config", #"{"max_versions":5}"#)
        try await kv.send(.update, "metadata/a", #"{"custom_metadata":{"owner":"ops"}}"#)
        for number in 1...3 { try await kv.send(.update, "data/a", #"{"data":{"n":\#(number)}}"#, as: "writer-\(number)") }
        try await kv.send(.update, "delete/a", #"{"versions":[2]}"#)
        return kv
    }

    private func tryAll(_ kv: KVDriver, damaged key: String, _ value: [UInt8]) async throws -> [CofferError?] {
        var outcomes: [CofferError?] = []
        for (operation, path, body) in Self.requests {
            var batch = Batch()
            batch.put(key, value)
            try await kv.storage.commit(batch)
            let parts = path.split(separator: "?")
            outcomes.append(
                await kv.refusal(operation, String(parts[0]), body, query: parts.count > 1 ? ["version": String(parts[1])] : [:]))
        }
        return outcomes
    }

    @Test(
        "a record with any bit flipped is refused or read, and never brings the server down",
        arguments: ["head/a", "archive/a/0000000000000001", "config"])
    func flipped(key: String) async throws {
        let original = try #require(try await mount().records()[key])
        for position in original.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                let kv = try await mount()
                var value = original
                value[position] ^= mask
                let outcomes = try await tryAll(kv, damaged: key, value)
                // The first bytes say what the record is, and of a head whether it has data: nothing may be read past that.
                if position < 2 { #expect(outcomes.contains { $0?.code == .internal }) }
                if position < 4, key == "head/a" { #expect(outcomes[..<10].allSatisfy { $0?.code == .internal }) }
                for case let outcome? in outcomes {
                    #expect([.internal, .notFound, .tooLarge, .invalidRequest].contains(outcome.code))
                }
            }
        }
    }

    @Test(
        "a record cut off anywhere, or with bytes behind it, is refused",
        arguments: ["head/a", "archive/a/0000000000000001", "config"])
    func truncated(key: String) async throws {
        let original = try #require(try await mount().records()[key])
        let request = key == "config" ? "config" : key == "head/a" ? "metadata/a" : "data/a"
        for length in 0..<original.count {
            let kv = try await mount()
            var batch = Batch()
            batch.put(key, Array(original[..<length]))
            try await kv.storage.commit(batch)
            let refusal = await kv.refusal(.read, request, query: request == "data/a" ? ["version": "1"] : [:])
            // Data has no end of its own: the barrier's seal says where it stops.
            if key.hasPrefix("archive/"), length > 10 { continue }
            #expect(refusal?.code == .internal, "cut to \(length) bytes")
        }
        guard !key.hasPrefix("archive/") else { return }
        let kv = try await mount()
        var batch = Batch()
        batch.put(key, original + [0])
        try await kv.storage.commit(batch)
        #expect(await kv.refusal(.read, request)?.code == .internal)
    }

    @Test("an archived version that is gone is damage, and said to be")
    func missingArchive() async throws {
        let kv = try await mount()
        var batch = Batch()
        batch.delete("archive/a/0000000000000001")
        try await kv.storage.commit(batch)
        #expect(await kv.refusal(.read, "data/a", query: ["version": "1"])?.code == .internal)
        #expect(try await kv.data(.read, "data/a")["data"]?["n"] == 3)
    }

    @Test("an archived version that stands in another's place is refused")
    func swappedArchive() async throws {
        let kv = try await mount()
        try await kv.send(.update, "undelete/a", #"{"versions":[2]}"#)
        var batch = Batch()
        batch.put("archive/a/0000000000000002", try #require(try await kv.records()["archive/a/0000000000000001"]))
        try await kv.storage.commit(batch)
        #expect(await kv.refusal(.read, "data/a", query: ["version": "2"])?.code == .internal)
    }

    @Test("random bytes in a record's place are refused")
    func random() async throws {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<2_000 {
            let kv = try KVDriver()
            var bytes = (0..<Int.random(in: 0...200, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if bytes.count > 4 { bytes.replaceSubrange(0..<4, with: [UInt8(ascii: "H"), 1, 0, 0]) }
            var batch = Batch()
            batch.put("head/a", bytes)
            try await kv.storage.commit(batch)
            for path in ["data/a", "metadata/a"] {
                let refusal = await kv.refusal(.read, path)
                #expect(refusal == nil || refusal?.code == .internal || refusal?.code == .notFound)
            }
        }
    }
}
