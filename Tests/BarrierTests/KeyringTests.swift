// A weak reference to the keys shows that they are gone.
@testable import Barrier
import EngineKit
import SecretMemory
import Testing

@Suite struct KeyringTests {
    static let purposes = ["token-hmac/v1", "audit-hmac/v1", "audit-chain/v1", "token-hmac/v2", ""]

    @Test func `gives distinct subkeys, the same after rotation, rekey and restart`() async throws {
        let (bench, shares) = try await Bench.open()
        func subkeys(_ bench: Bench) throws -> [[UInt8]] { try Self.purposes.map { try bench.barrier.subkey(info: $0).bytes } }
        let before = try subkeys(bench)
        #expect(Set(before).count == Self.purposes.count)
        #expect(before.allSatisfy { $0.count == 32 })
        _ = try await bench.controller.rotate()
        #expect(try subkeys(bench) == before)
        let second = bench.restarted()
        try await second.unseal(shares.prefix(3))
        #expect(try subkeys(second) == before)
    }

    @Test func `drops the keys at seal`() async throws {
        let (bench, _) = try await Bench.open()
        weak var keyring: Keyring?
        weak var root: SecretBytes?
        weak var term: SecretBytes?
        do {
            let open = try bench.barrier.openKeyring()
            keyring = open
            root = open.root
            term = open.current.key
        }
        #expect(keyring != nil && root != nil && term != nil)
        await bench.controller.seal()
        #expect(keyring == nil && root == nil && term == nil)
    }

    @Test func `counts encryptions and keeps the count over seal and restart`() async throws {
        let (bench, shares) = try await Bench.open()
        for _ in 0..<10 { try await bench.put("a", "x") }
        #expect(try bench.controller.keyStatus().encryptions == 10)
        await bench.controller.seal()
        #expect(throws: SealError.sealed) { try bench.controller.keyStatus() }
        let second = bench.restarted()
        try await second.unseal(shares.prefix(3))
        #expect(try second.controller.keyStatus().encryptions == 10)
        try await second.put("a", "x")
        try await second.controller.storeUsage()
        let third = second.restarted()
        try await third.unseal(shares.prefix(3))
        #expect(try third.controller.keyStatus().encryptions == 11)
    }

    @Test func `tells a keyring of another store's terms from a damaged record`() async throws {
        let (bench, shares) = try await Bench.open()
        let backup = bench.store.records
        _ = try await bench.controller.rotate()
        let terms = try #require(bench.store["core/terms"])
        // The backup's keyring rotates on its own: its term 2 is another key.
        bench.store.records = backup
        let second = bench.restarted()
        try await second.unseal(shares.prefix(3))
        _ = try await second.controller.rotate()
        bench.store["core/terms"] = terms
        let third = bench.restarted()
        await #expect(throws: SealError.termMismatch(2)) { try await third.unseal(shares.prefix(3)) }
    }

    @Test func `refuses a keyring record of a newer format`() async throws {
        let (bench, shares) = try await Bench.open()
        let record = try #require(bench.store["core/seal"])
        let text = String(decoding: record.value, as: UTF8.self)
        bench.store["core/seal"] = StoredRecord(
            value: Array(text.replacing("\"format\":1", with: "\"format\":2").utf8), version: record.version)
        await #expect(throws: SealError.unknownFormat("core/seal")) {
            try await bench.restarted().unseal(shares.prefix(1))
        }
    }
}
