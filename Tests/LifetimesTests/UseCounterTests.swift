import EngineKit
import LoginGuards
import TestSupport
import Testing

@Suite("Use counters") struct UseCounterTests {
    private let time = ManualTime()
    private let storage = StampingStorage(MemoryStorage())

    private var counters: UseCounters { UseCounters(storage: storage, folder: "uses/", time: time) }

    private func end(in seconds: Int) -> Timestamp { time.now().adding(seconds: seconds) }

    @Test("are exact when many spend at once, and after a restart")
    func exact() async throws {
        let spent = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<24 { group.addTask { try await counters.spend(.init(counter: "a", limit: 7)) } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(spent == 7)
        #expect(try await !UseCounters(storage: storage, folder: "uses/", time: time).spend(.init(counter: "a", limit: 7)))
        #expect(try await counters.spend(.init(counter: "a", limit: 8)))
    }

    @Test("are refused beyond their number until some have ended")
    func bounded() async throws {
        for n in 0..<UseCounters.countersMax {
            #expect(try await counters.spend(.init(counter: "c\(n)", limit: 2, endsAt: n < 3 ? end(in: 60) : nil)))
        }
        #expect(try await !counters.spend(.init(counter: "more", limit: 1)))
        // One that is known goes on.
        #expect(try await counters.spend(.init(counter: "c9", limit: 2)))
        time.advance(seconds: 60 + 86_400 + 1)
        #expect(try await counters.spend(.init(counter: "more", limit: 1)))
        #expect(try await storage.list(Listing(prefix: "uses/")).count == UseCounters.countersMax - 2)
    }

    @Test("keep the later end, and none where one use had none")
    func laterEndCounts() async throws {
        #expect(try await counters.spend(.init(counter: "a", limit: 3, endsAt: end(in: 1_000_000))))
        #expect(try await counters.spend(.init(counter: "a", limit: 3, endsAt: end(in: 1))))
        #expect(try await counters.spend(.init(counter: "b", limit: 2, endsAt: end(in: 1))))
        #expect(try await counters.spend(.init(counter: "b", limit: 2)))
        for n in 2..<UseCounters.countersMax { #expect(try await counters.spend(.init(counter: "c\(n)", limit: 1))) }
        time.advance(seconds: 200_000)
        #expect(try await !counters.spend(.init(counter: "more", limit: 1)))
        #expect(try await !counters.spend(.init(counter: "b", limit: 2)))
    }

    @Test("say that a record is damaged instead of counting anew")
    func damaged() async throws {
        var batch = Batch()
        batch.put("uses/a", Array("many".utf8))
        try await storage.commit(batch)
        await #expect(throws: StorageError.corrupted(key: "uses/a")) { try await counters.spend(.init(counter: "a", limit: 5)) }
    }
}
