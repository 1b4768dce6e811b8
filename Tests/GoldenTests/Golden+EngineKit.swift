import EngineKit
import LoginGuards
import TestSupport

extension Golden {
    static let ofEngineKit: [Golden] = [
        counter("use-counter", before: "2", endsAt: nil),
        counter("use-counter-ending", before: "2 1900000000", endsAt: Timestamp(seconds: 1_900_000_000)),
        Golden("lockout") { bytes in
            let key = Lockouts.prefix + "abc"
            let storage = try await MemoryStorage.holding([key: bytes])
            let lockouts = Lockouts(storage: storage, time: ManualTime(goldenMoment)) { _ in "abcdef" }
            guard try await lockouts.isLocked("ada", source: "10.0.0.1"), try await lockouts.failures("nobody") == 1 else {
                throw Unreadable()
            }
            try await lockouts.fail("passing", isAccount: false)
            try await lockouts.forget("passing")
            return try await storage.bytes(key)
        },
    ]

    /// After two uses, the third is counted like this. The next one goes on from what was read.
    private static func counter(_ name: String, before: String, endsAt: Timestamp?) -> Golden {
        Golden(name) { bytes in
            func spent(_ stored: [UInt8], _ limit: Int, _ endsAt: Timestamp?) async throws -> [UInt8]? {
                let storage = try await MemoryStorage.holding(["uses/c": stored])
                let counters = UseCounters(storage: storage, folder: "uses/", time: ManualTime(goldenMoment))
                guard try await counters.spend(.init(counter: "c", limit: limit, endsAt: endsAt)) else { return nil }
                return try await storage.bytes("uses/c")
            }
            guard try await spent(bytes, 3, endsAt) == nil, var fourth = try await spent(bytes, 4, endsAt.map { _ in goldenMoment })
            else { throw Unreadable() }
            let third = try await spent(Array(before.utf8), 3, endsAt)
            // The later end counts, which is the one that was read.
            guard fourth.removeFirst() == UInt8(ascii: "4"), third == [UInt8(ascii: "3")] + fourth else { throw Unreadable() }
            return try required(third)
        }
    }
}
