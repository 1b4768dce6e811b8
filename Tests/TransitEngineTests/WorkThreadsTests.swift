import EngineKit
import Synchronization
import Testing

@Suite struct WorkThreadsTests {
    @Test func `gives the results in order, and the first error`() async throws {
        let threads = WorkThreads(threadsMax: 2)
        #expect(try await threads.map(1_000) { index throws(CofferError) in index * 2 } == (0..<1_000).map { $0 * 2 })
        #expect(try await threads.map(0) { index throws(CofferError) in index } == [])
        let seen = Atomic(0)
        await #expect(throws: CofferError.self) {
            _ = try await threads.map(100) { index throws(CofferError) in
                seen.wrappingAdd(1, ordering: .relaxed)
                if index == 7 { throw CofferError.invalid("seven") }
            }
        }
        #expect(seen.load(ordering: .relaxed) == 8)
    }

    @Test func `ends between two steps when its request is given up`() async throws {
        let threads = WorkThreads(threadsMax: 1)
        let steps = Atomic(0)
        let work = Task {
            try await threads.map(1_000_000_000) { _ throws(CofferError) in steps.wrappingAdd(1, ordering: .relaxed) }.count
        }
        while steps.load(ordering: .relaxed) == 0 { await Task.yield() }
        work.cancel()
        await #expect(throws: CofferError.self) { try await work.value }
        // The thread is free again.
        #expect(await threads.run { true })
    }

    /// One thread, and work without end on it: what comes later still has its turn.
    @Test func `lets short work through while long work is under way`() async throws {
        let threads = WorkThreads(threadsMax: 1)
        let isOver = Atomic(false)
        let started = Atomic(false)
        let long = Task {
            try await threads.map(1_000_000_000) { _ throws(CofferError) in
                started.store(true, ordering: .relaxed)
                if isOver.load(ordering: .relaxed) { throw CofferError.invalid("over") }
            }.count
        }
        while !started.load(ordering: .relaxed) { await Task.yield() }
        for _ in 0..<20 { #expect(await threads.run { true }) }
        isOver.store(true, ordering: .relaxed)
        await #expect(throws: CofferError.self) { try await long.value }
    }
}
