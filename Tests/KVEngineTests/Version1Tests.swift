import EngineKit
import KVEngine
import Syntax
import TestSupport
import Synchronization
import Testing

@Suite("KV version 1")
struct Version1Tests {
    @Test(
        "gives a secret back as it was sent",
        arguments: [
            #"{"n":1.0,"m":1e400,"o":12345678901234567890,"p":-0}"#, #"{"data":{"x":1},"options":"y"}"#,
            #"{"limit":"high","after":[1],"recursive":"sometimes","path":"p","ttl":{}}"#, #"{"é":"😀","":null}"#,
        ])
    func fidelity(text: String) async throws {
        let kv = try KVDriver(KVEngine.description)
        let written = try await kv.send(.update, "a/b", text)
        guard case .none = written.body else { return #expect(Bool(false), "a write answers nothing") }
        #expect(try await kv.text(.read, "a/b") == text)
        try await kv.send(.update, "a/b", #"{"only":"this"}"#)
        #expect(try await kv.text(.read, "a/b") == #"{"only":"this"}"#)
    }

    @Test("removes, and has nothing to say of what is not there")
    func removed() async throws {
        let kv = try KVDriver(KVEngine.description)
        try await kv.send(.update, "a", #"{"x":1}"#)
        try await kv.send(.delete, "a")
        try await kv.send(.delete, "a")
        #expect(await kv.refusal(.read, "a")?.code == .notFound)
        #expect(try await kv.records().isEmpty)
    }

    @Test("refuses an empty secret, and patches none")
    func refused() async throws {
        let kv = try KVDriver(KVEngine.description)
        #expect(await kv.refusal(.update, "a", "{}")?.message == "missing data fields")
        #expect(await kv.refusal(.update, "a")?.message == "missing data fields")
        #expect(await kv.refusal(.patch, "a", #"{"x":1}"#)?.code == .methodNotAllowed)
        for operation in [Operation.read, .update, .delete] {
            #expect(await kv.refusal(operation, "", #"{"x":1}"#)?.message == "missing path: name a secret below the mount")
        }
    }

    @Test(
        "takes the lease from the secret's ttl, else from the mount",
        arguments: [
            (#"{"x":1}"#, 0, 2_764_800), (#"{"x":1}"#, 600, 600), (#"{"ttl":"1h"}"#, 600, 3_600), (#"{"ttl":90}"#, 0, 90),
            (#"{"lease":"30m"}"#, 0, 1_800), (#"{"ttl":"5s","lease":"30m"}"#, 0, 5), (#"{"ttl":"soon"}"#, 0, 2_764_800),
            (#"{"ttl":-5}"#, 0, 2_764_800), (#"{"ttl":{}}"#, 0, 2_764_800), (#"{"ttl":0}"#, 0, 0),
        ])
    func lease(body: String, ofMount: Int, seconds: Int) async throws {
        let kv = try KVDriver(KVEngine.description, defaultTTL: ofMount)
        try await kv.send(.update, "a", body)
        #expect(try await kv.send(.read, "a").leaseSeconds == seconds)
    }

    @Test("a damaged record is refused")
    func damaged() async throws {
        let kv = try KVDriver(KVEngine.description)
        try await kv.send(.update, "a", #"{"x":1}"#)
        let original = try #require(try await kv.records()["v1/a"])
        for length in 0...10 {
            var batch = Batch()
            batch.put("v1/a", Array(original[..<length]))
            try await kv.storage.commit(batch)
            #expect(await kv.refusal(.read, "a")?.code == .internal)
        }
    }
}

@Suite("KV: from version 1 to version 2")
struct UpgradeTests {
    private static let unavailable =
        "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service "
        + "shortly."

    private func filled(_ count: Int, _ storage: any Storage) async throws {
        let kv = try KVDriver(KVEngine.description, options: ["version": "1"], storage: storage)
        for number in 0..<count { try await kv.send(.update, "f\(number % 3)/k\(number)", #"{"n":\#(number).0,"ttl":"1h"}"#) }
    }

    private func check(_ count: Int, _ kv: KVDriver) async throws {
        for number in 0..<count {
            let text = try await kv.text(.read, "data/f\(number % 3)/k\(number)")
            #expect(text.hasPrefix(#"{"data":{"n":\#(number).0,"ttl":"1h"},"#))
            #expect(text.hasSuffix(#""version":1}}"#))
        }
        #expect(try await kv.records().count == count)
    }

    @Test("serves every secret as version 1 of itself, from the first request on")
    func served() async throws {
        let storage = StampingStorage(MemoryStorage())
        try await filled(250, storage)
        let kv = try KVDriver(KVEngine.description, options: ["version": "2"], storage: storage)
        #expect(await kv.refusal(.read, "data/f0/k0") == nil)
        try await check(250, kv)
    }

    @Test("begins when the mount is opened, without being asked")
    func unasked() async throws {
        let storage = StampingStorage(MemoryStorage())
        try await filled(5, storage)
        let kv = try KVDriver(KVEngine.description, options: ["version": "2"], storage: storage)
        for _ in 0..<1_000_000 {
            if try await storage.list(Listing(prefix: "v1/")).isEmpty { break }
            await Task.yield()
        }
        #expect(try await storage.list(Listing(prefix: "v1/")).isEmpty)
        try await check(5, kv)
    }

    @Test("asks callers to come again when it takes long")
    func takesLong() async throws {
        let storage = HeldStorage(StampingStorage(MemoryStorage()))
        try await filled(5, storage)
        storage.hold()
        let kv = try KVDriver(
            EngineDescription(type: "kv", summary: "") { KVVersion2Engine($0, upgradeSecondsMax: 0) }, storage: storage)
        let refusal = await kv.refusal(.read, "data/f0/k0")
        #expect(refusal?.code == .invalidRequest && refusal?.message == Self.unavailable)
        storage.release()
        for _ in 0..<1_000_000 {
            if await kv.refusal(.read, "data/f0/k0") == nil { break }
            await Task.yield()
        }
        try await check(5, kv)
    }

    @Test("goes on where it was cut off", arguments: [1, 2, 3])
    func resumed(commit: Int) async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        try await filled(250, storage)
        storage.failCommits(from: commit)
        await #expect(throws: StorageError.self) { try await KVUpgrade.run(storage, time: ManualTime()) }
        storage.heal()
        try await KVUpgrade.run(storage, time: ManualTime())
        try await check(250, try KVDriver(storage: storage))
    }

    @Test("tells of a failure and tries again at the next request")
    func retried() async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        try await filled(5, storage)
        storage.failCommits(from: 1)
        let kv = try KVDriver(storage: storage)
        for _ in 0..<3 { #expect(await kv.refusal(.read, "data/f0/k0")?.code == .unavailable) }
        storage.heal()
        #expect(await kv.refusal(.read, "data/f0/k0") == nil)
        try await check(5, kv)
    }

    @Test("two at the same time do no harm")
    func twice() async throws {
        let storage = StampingStorage(MemoryStorage())
        try await filled(300, storage)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { try await KVUpgrade.run(storage, time: ManualTime()) } }
            try await group.waitForAll()
        }
        try await check(300, try KVDriver(storage: storage))
    }

    @Test("puts a secret on top of versions that are there already")
    func onTop() async throws {
        let storage = StampingStorage(MemoryStorage())
        let kv = try KVDriver(storage: storage)
        try await kv.send(.update, "data/a", #"{"data":{"n":1}}"#)
        try await KVDriver(KVEngine.description, storage: storage).send(.update, "a", #"{"n":2}"#)
        try await KVDriver(KVEngine.description, storage: storage).send(.update, "b", #"{"n":3}"#)
        try await KVUpgrade.run(storage, time: ManualTime())
        #expect(try await kv.data(.read, "data/a")["data"]?["n"] == 2)
        #expect(try await kv.data(.read, "data/a", query: ["version": "1"])["data"]?["n"] == 1)
        #expect(try await kv.data(.read, "data/b")["metadata"]?["version"] == 1)
    }
}

/// Commits wait while it is held.
private final class HeldStorage: Storage {
    private struct State {
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let base: any Storage
    private let state = Mutex(State())

    init(_ base: any Storage) { self.base = base }

    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let waiting = state.withLock { state in
            state.isHeld = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await base.get(key) }
    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    func commit(_ batch: Batch) async throws(StorageError) {
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHeld { state.waiting.append(continuation) }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        try await base.commit(batch)
    }
}
