import EngineKit
import Lifetimes
import SecretMemory
import TestSupport
import Testing

@Suite struct LeaseLifetimeTests {
    private let start = Timestamp(seconds: 1_700_000_000)

    /// Made at `start`, by a batch token when there is a limit.
    private func lease(ttl: Int = 100, maxTTL: Int = 1_000, limit: Int? = nil) -> LeaseEntry {
        let tokens = TokenStore(
            storage: MemoryStorage(), key: SecretBytes([7]), time: ManualTime(start), randomness: SeededRandomness(seed: 1))
        var token = TokenEntry(id: "t", accessor: "", policies: [], displayName: "", path: "a", createdAt: start)
        token.type = limit == nil ? .service : .batch
        token.expiresAt = limit.map { start.adding(seconds: $0) }
        return LeaseStore(tokens: tokens).draft(
            path: "a", token: token, mountID: "m", mountPath: "a/", grant: LeaseGrant(ttl: ttl), defaultTTL: ttl, maxTTL: maxTTL)
    }

    @Test(
        "a new lease asks for no more than its maxima, and never for nothing",
        arguments: [
            (ttl: 0, max: 0, defaultTTL: 30, mountMax: 90, wanted: (30, 90)), (50, 0, 30, 90, (50, 90)),
            (500, 0, 30, 90, (90, 90)), (500, 60, 30, 90, (60, 60)), (0, 20, 30, 90, (20, 20)), (50, 5_000, 30, 90, (50, 90)),
            (-5, -5, 30, 90, (30, 90)), (0, 0, 0, 0, (1, 1)), (.max, .max, .max, .max, (.max, .max)),
        ])
    func terms(ttl: Int, max: Int, defaultTTL: Int, mountMax: Int, wanted: (Int, Int)) {
        #expect(
            LeaseLifetime.terms(LeaseGrant(ttl: ttl, maxTTL: max), defaultTTL: defaultTTL, maxTTL: mountMax) == wanted)
    }

    @Test(
        "a lease runs its own time, and one of a batch token ends with that",
        arguments: [(limit: nil as Int?, end: 100 as Int?), (30, 30), (300, 100), (0, nil), (-5, nil)])
    func end(limit: Int?, end: Int?) {
        let found = LeaseLifetime.end(lease(limit: limit), at: start)
        #expect(found == end.map { start.adding(seconds: $0) })
    }

    @Test(
        "a renewal passes neither the lease's maximum, nor the mount's of today, nor a batch token's end",
        arguments: [
            (asked: 0, after: 50, mountMax: Int.max, limit: nil as Int?, end: 150 as Int?), (300, 50, .max, nil, 350),
            (5_000, 50, .max, nil, 1_000), (300, 50, 200, nil, 200), (300, 50, .max, 90, 90), (300, 999, .max, nil, 1_000),
            (300, 1_000, .max, nil, nil), (300, 200, 200, nil, nil), (-300, 50, .max, nil, 150), (.max, 50, .max, nil, 1_000),
            (300, 50, 2_000, nil, 350), (300, 50, 0, nil, nil), (300, 50, .min, nil, nil),
        ])
    func renewed(asked: Int, after: Int, mountMax: Int, limit: Int?, end: Int?) {
        let found = LeaseLifetime.renewedEnd(
            lease(limit: limit), grant: LeaseGrant(ttl: asked), maxTTL: mountMax, at: start.adding(seconds: after))
        #expect(found == end.map { start.adding(seconds: $0) })
    }

    @Test("waits double up to an hour, each spread by a fifth", arguments: [UInt8(0), 1, 128, 254, 255])
    func waits(spread: UInt8) {
        for failures in 1...60 {
            let usual = min(5 << min(failures - 1, 20), 3_600)
            #expect(usual * 4 / 5...usual * 6 / 5 ~= LeaseLifetime.wait(afterFailures: failures, spread: spread))
        }
        #expect(LeaseLifetime.wait(afterFailures: 9, spread: 0) < LeaseLifetime.wait(afterFailures: 9, spread: 255))
    }
}
