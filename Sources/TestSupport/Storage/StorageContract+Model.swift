import EngineKit
import Testing

extension StorageContract {
    static let model: [Check] = [
        Check("behaves like a dictionary through thousands of random operations") { storage async throws in
            var run = ModelRun(seed: 20_240_817)
            for step in 0..<3_000 {
                try await run.step(storage, step)
            }
        }
    ]
}

/// Random batches, reads and listings, each compared with a dictionary.
private struct ModelRun {
    private var random: SplitMix64
    private var model: [[UInt8]: StoredRecord] = [:]

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func step(_ storage: any Storage, _ step: Int) async throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6: try await commit(storage, step)
        case 6..<8:
            let key = randomKey()
            #expect(try await storage.get(key) == model[Array(key.utf8)], "step \(step)")
        default: try await list(storage)
        }
    }

    private mutating func randomKey() -> String {
        let names = ["a", "b", "a-", "a0", "é", "e\u{301}"]
        let depth = Int.random(in: 1...4, using: &random)
        return (0..<depth).map { _ in names.randomElement(using: &random) ?? "a" }.joined(separator: "/")
    }

    private mutating func commit(_ storage: any Storage, _ step: Int) async throws {
        var batch = Batch()
        var used: Set<[UInt8]> = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let key = randomKey()
            guard used.insert(Array(key.utf8)).inserted else { continue }
            let precondition = randomPrecondition(model[Array(key.utf8)])
            switch Int.random(in: 0..<6, using: &random) {
            case 0: batch.check(key, precondition)
            case 1, 2: batch.delete(key, if: precondition)
            default:
                let value = (0..<Int.random(in: 0...2_000, using: &random)).map { UInt8(truncatingIfNeeded: $0 ^ step) }
                batch.put(key, value, if: precondition, version: UInt64(step))
            }
        }
        let refused = batch.mutations.filter { !$0.precondition.holds(for: model[Array($0.key.utf8)]?.version) }.map(\.key)
        do {
            try await storage.commit(batch)
            #expect(refused.isEmpty, "step \(step)")
            apply(batch)
        } catch {
            guard case .conflict(let key) = error else { throw error }
            #expect(refused.contains { Array($0.utf8) == Array(key.utf8) }, "step \(step)")
        }
    }

    private mutating func randomPrecondition(_ record: StoredRecord?) -> Batch.Precondition {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: .absent
        case 1: .version(UInt64.random(in: 0..<3_000, using: &random))
        case 2..<10: .init(unchanged: record)
        default: .none
        }
    }

    private mutating func apply(_ batch: Batch) {
        for mutation in batch.mutations {
            switch mutation.change {
            case .put(let value, let version): model[Array(mutation.key.utf8)] = StoredRecord(value: value, version: version)
            case .delete: model[Array(mutation.key.utf8)] = nil
            case .check: break
            }
        }
    }

    private mutating func list(_ storage: any Storage) async throws {
        let listing = Listing(
            prefix: Bool.random(using: &random) ? "" : randomKey() + "/",
            after: Bool.random(using: &random) ? nil : randomKey() + (Bool.random(using: &random) ? "" : "/"),
            limit: Int.random(in: 0...12, using: &random),
            isRecursive: Bool.random(using: &random))
        let names = try await storage.list(listing)
        StorageContract.expectSame(
            names, StorageContract.expected(model.keys.map { String(decoding: $0, as: UTF8.self) }, listing))
    }
}
