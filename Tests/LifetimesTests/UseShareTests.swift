import EngineKit
import LoginGuards
import TestSupport
import Testing

@Suite("Shares of use counters") struct UseShareTests {
    private let time = ManualTime()
    private let storage = StampingStorage(MemoryStorage())

    private var counters: UseCounters { UseCounters(storage: storage, folder: "uses/", time: time) }

    /// Spends new counters in a share until there is no room; how many there were.
    private func fill(_ shares: [String], _ prefix: String, endsAt: Timestamp? = nil) async throws -> Int {
        for n in 0...UseCounters.countersMax {
            guard try await counters.spend(.init(counter: "\(prefix)\(n)", limit: 1, shares: shares, endsAt: endsAt)) else {
                return n
            }
        }
        return .max
    }

    @Test("one holder takes no more than its share, and leaves half of what encloses it to the others")
    func oneHolder() async throws {
        #expect(try await fill(["top", "a", "b"], "x") == 125)
        #expect(try await counters.spend(.init(counter: "y", limit: 1, shares: ["top", "a", "c"])))
        #expect(try await fill(["top", "a"], "z") == 250 - 126)
        #expect(try await !counters.spend(.init(counter: "w", limit: 1, shares: ["top", "a", "c"])))
        #expect(try await counters.spend(.init(counter: "v", limit: 1, shares: ["top", "d"])))
        #expect(try await counters.spend(.init(counter: "u", limit: 1, shares: ["top"])))
    }

    @Test("a share's counter that is known goes on when there is no more room, and ended ones make room in it")
    func room() async throws {
        let end = time.now().adding(seconds: 60)
        #expect(try await fill(["top", "a"], "x", endsAt: end) == 250)
        #expect(try await counters.spend(.init(counter: "x0", limit: 2, shares: ["top", "a"], endsAt: end)))
        time.advance(seconds: 60 + 86_400 + 1)
        #expect(try await counters.spend(.init(counter: "new", limit: 1, shares: ["top", "a"])))
    }

    @Test("every share is smaller than the one around it, down to one counter, however deep")
    func sizes() {
        let sizes = (0..<40).map { UseCounters.countersMax(enclosedBy: $0) }
        #expect(sizes.prefix(5) == [1_000, 250, 125, 62, 31])
        #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 > $1 || $1 == 1 })
    }

    @Test("what was counted before there were shares is not forgotten")
    func former() async throws {
        #expect(try await counters.spend(.init(counter: "a", limit: 2)))
        #expect(try await counters.spend(.init(counter: "a", limit: 2, shares: ["top", "p"])))
        #expect(try await !counters.spend(.init(counter: "a", limit: 2, shares: ["top", "p"])))
        #expect(try await !counters.spend(.init(counter: "a", limit: 2)))
    }
}
