import EngineKit
import Glibc
import Synchronization
import Testing

@Suite struct WorkThreadsTests {
    @Test func `gives the results in order, and the first error`() async throws {
        let threads = WorkThreads(threadsMax: 2, queueMax: 16)
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
        let threads = WorkThreads(threadsMax: 1, queueMax: 16)
        let steps = Atomic(0)
        let work = Task {
            try await threads.map(1_000_000_000) { _ throws(CofferError) in steps.wrappingAdd(1, ordering: .relaxed) }.count
        }
        while steps.load(ordering: .relaxed) == 0 { await Task.yield() }
        work.cancel()
        await #expect(throws: CofferError.self) { try await work.value }
        // The thread is free again.
        #expect(try await threads.run { true })
    }

    /// One thread, and work without end on it: what comes later still has its turn.
    @Test func `lets short work through while long work is under way`() async throws {
        let threads = WorkThreads(threadsMax: 1, queueMax: 16)
        let isOver = Atomic(false)
        let started = Atomic(false)
        let long = Task {
            try await threads.map(1_000_000_000) { _ throws(CofferError) in
                started.store(true, ordering: .relaxed)
                if isOver.load(ordering: .relaxed) { throw CofferError.invalid("over") }
            }.count
        }
        while !started.load(ordering: .relaxed) { await Task.yield() }
        for _ in 0..<20 { #expect(try await threads.run { true }) }
        isOver.store(true, ordering: .relaxed)
        await #expect(throws: CofferError.self) { try await long.value }
    }

    /// One thread that is held, and a queue of two: what comes beyond it is refused, and what was taken is done.
    @Test func `refuses what is more than its queue holds`() async throws {
        let threads = WorkThreads(threadsMax: 1, queueMax: 2)
        let isHeld = Atomic(true)
        let isRunning = Atomic(false)
        let first = Task {
            try await threads.run {
                isRunning.store(true, ordering: .releasing)
                while isHeld.load(ordering: .acquiring) { sched_yield() }
                return 0
            }
        }
        while !isRunning.load(ordering: .acquiring) { await Task.yield() }
        let results = await withTaskGroup(of: Int?.self) { group in
            for number in 1...8 {
                group.addTask { number == 1 ? try? await threads.map(3) { _ in 1 }.first : try? await threads.run { number } }
            }
            var results: [Int?] = []
            for await result in group {
                results.append(result)
                // The refused ones come back while the thread is held: only then is it let go.
                if results.count == 6 { isHeld.store(false, ordering: .releasing) }
            }
            return results
        }
        #expect(results.prefix(6).allSatisfy { $0 == nil } && results.suffix(2).allSatisfy { $0 != nil })
        #expect(try await first.value == 0)
        #expect(try await threads.run { true })
    }
}
