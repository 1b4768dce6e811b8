import EngineKit

/// How often narrowed tokens of services were used: a bounded number of small records for each token of a service.
struct CapabilityUses: Sendable {
    let storage: any Storage

    private static let countersMax = 1_000
    private static let attemptsMax = 64

    /// False when none is left.
    func spend(_ counter: String, limit: Int, service: String, handle: [UInt8]) async throws -> Bool {
        let generation = handle.prefix(8).map { String($0, radix: 16) }.joined(separator: "-")
        let folder = "uses/\(service)/\(generation)/"
        for _ in 0..<Self.attemptsMax {
            let record = try await storage.get(folder + counter)
            let used = record.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
            guard used < limit else { return false }
            var batch = Batch()
            if record == nil {
                guard try await storage.list(Listing(prefix: folder, limit: Self.countersMax)).count < Self.countersMax else {
                    return false
                }
                // With a token that the service has no longer, its counters go.
                for old in try await storage.list(Listing(prefix: "uses/\(service)/", limit: Self.countersMax, isRecursive: true))
                where !old.hasPrefix(generation + "/") {
                    batch.delete("uses/\(service)/" + old)
                }
            }
            batch.put(folder + counter, Array(String(used + 1).utf8), if: .init(unchanged: record))
            if try await storage.commitIfUnchanged(batch) { return true }
        }
        throw CofferError(.conflict, "too many uses of one token at the same moment; retry")
    }
}
