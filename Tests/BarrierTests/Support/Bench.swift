import Barrier
import EngineKit
import FoundationEssentials
import SecretMemory
import TestSupport

/// A store with its barrier and its controller, and what it takes to start a second server on the same store.
struct Bench {
    var store = TestStore()
    var randomness: SeededRandomness
    var time = ManualTime()
    var barrier: Barrier
    var controller: SealController

    init(seal: any Seal = ShamirSeal(), previousSeal: (any Seal)? = nil, seed: UInt64 = 1) {
        randomness = SeededRandomness(seed: seed)
        barrier = Barrier(base: store, randomness: randomness, time: time)
        controller = SealController(
            barrier: barrier, base: store, seal: seal, previousSeal: previousSeal, randomness: randomness, time: time)
    }

    /// A new process on the same store: sealed.
    func restarted(seal: any Seal = ShamirSeal(), previousSeal: (any Seal)? = nil) -> Bench {
        var bench = self
        bench.barrier = Barrier(base: store, randomness: randomness, time: time)
        bench.controller = SealController(
            barrier: bench.barrier, base: store, seal: seal, previousSeal: previousSeal, randomness: randomness, time: time)
        return bench
    }

    /// Initialised with these shares and open.
    static func open(shares: Int = 5, threshold: Int = 3) async throws -> (Bench, [String]) {
        let bench = Bench()
        let made = try await bench.controller.initialize(secret: ShareCount(shares: shares, threshold: threshold))
        let texts = made.unsealShares.map(\.hex)
        try await bench.unseal(texts.prefix(threshold))
        return (bench, texts)
    }

    func unseal(_ shares: some Sequence<String>, migrate: Bool = false) async throws {
        for share in shares { try await controller.unseal(share: share, migrate: migrate) }
    }

    func put(_ key: String, _ value: String) async throws {
        var batch = Batch()
        batch.put(key, Array(value.utf8))
        try await barrier.commit(batch)
    }

    func read(_ key: String) async throws -> String? {
        try await barrier.get(key).map { String(decoding: $0.value, as: UTF8.self) }
    }
}

extension SecretBytes {
    var bytes: [UInt8] { withBytes { Array($0) } }
    var hex: String { bytes.hex }
    var base64: String { Data(bytes).base64EncodedString() }
}

extension [UInt8] {
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    init(hex: String) {
        let digits = hex.utf8.map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
