import Barrier
import EngineKit
import Testing

@Suite struct InitializeTests {
    @Test func `gives shares and stays sealed until enough of them come back`() async throws {
        let bench = Bench()
        var status = try await bench.controller.status()
        #expect(!status.isInitialized && status.isSealed && status.kind == .shamir)
        #expect(try await !bench.controller.isInitialized)
        let made = try await bench.controller.initialize(secret: ShareCount(shares: 5, threshold: 3))
        #expect(made.unsealShares.count == 5 && made.recoveryShares.isEmpty)
        status = try await bench.controller.status()
        #expect(status.isInitialized && status.isSealed && status.shares == 5 && status.threshold == 3)
        #expect(try await bench.controller.isInitialized)
        try await bench.unseal(made.unsealShares[1...3].map(\.base64))
        #expect(!bench.barrier.isSealed)
    }

    @Test func `with a static seal gives recovery shares and is open`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(
            secret: nil, recovery: ShareCount(shares: 3, threshold: 2))
        #expect(made.unsealShares.isEmpty && made.recoveryShares.count == 3)
        #expect(!bench.barrier.isSealed)
        let status = try await bench.controller.status()
        #expect(status.hasRecoverySeal && status.shares == 3 && status.threshold == 2)
    }

    @Test func `with a static seal takes the secret's counts for the recovery key when that has none`() async throws {
        let bench = Bench(seal: try .test("k1"))
        let made = try await bench.controller.initialize(secret: ShareCount(shares: 5, threshold: 3))
        #expect(made.recoveryShares.count == 5)
    }

    @Test func `refuses a second time`() async throws {
        let (bench, _) = try await Bench.open()
        await #expect(throws: SealError.alreadyInitialized) {
            _ = try await bench.restarted().controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        }
    }

    @Test func `refuses when another node was first, and leaves that node's keys alone`() async throws {
        let bench = Bench()
        let other = bench.restarted()
        let store = bench.store
        bench.store.beforeNextCommit { _ in store["core/seal"] = StoredRecord(value: [1], version: 1) }
        await #expect(throws: SealError.alreadyInitialized) {
            _ = try await other.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        }
        #expect(store.records == ["core/seal": StoredRecord(value: [1], version: 1)])
    }

    @Test func `writes the first records in the same commit, sealed`() async throws {
        let bench = Bench()
        let made = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1)) { barrier in
            var batch = Batch()
            batch.put("token/root", try barrier.subkey(info: "token-hmac/v1").bytes, if: .absent)
            return batch
        }
        #expect(bench.store.commits == 1)
        #expect(bench.barrier.isSealed)
        try await bench.unseal(made.unsealShares.map(\.hex))
        #expect(try await bench.barrier.get("token/root")?.value == bench.barrier.subkey(info: "token-hmac/v1").bytes)
    }

    struct Refusal: Error {}

    @Test(arguments: [false, true]) func `leaves nothing behind when it fails`(_ isStatic: Bool) async throws {
        let bench = Bench(seal: isStatic ? try StaticSeal.test("k1") : ShamirSeal())
        let count = try ShareCount(shares: 3, threshold: 2)
        await #expect(throws: Refusal.self) {
            _ = try await bench.controller.initialize(secret: count) { _ in throw Refusal() }
        }
        bench.store.fail(at: 1)
        await #expect(throws: SealError.self) { _ = try await bench.controller.initialize(secret: count) }
        #expect(bench.store.records.isEmpty)
        #expect(bench.barrier.isSealed)
        bench.store.fail(at: nil)
        _ = try await bench.controller.initialize(secret: count)
    }

    @Test func `gives the shares out when the store wrote them but could not tell`() async throws {
        let bench = Bench()
        bench.store.fail(at: 1, afterWriting: true)
        let made = try await bench.controller.initialize(secret: ShareCount(shares: 1, threshold: 1))
        bench.store.fail(at: nil)
        try await bench.unseal(made.unsealShares.map(\.hex))
        #expect(!bench.barrier.isSealed)
    }
}
