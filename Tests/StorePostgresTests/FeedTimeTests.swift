import Synchronization
import Testing

@testable import StorePostgres

@Suite("Time for the change feed", .timeLimit(.minutes(10)))
struct FeedTimeTests {
    /// Longer than the suite may last, and not for ever where a pause does not end.
    private static let long = 240_000

    @Test("a pause ends with its task")
    func cancelled() async {
        let task = Task { await FeedTime.pause(milliseconds: Self.long) }
        task.cancel()
        await task.value
    }

    @Test("a pause of a task that was cancelled before does not begin")
    func cancelledBefore() async {
        await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await FeedTime.pause(milliseconds: Self.long)
        }.value
    }

    @Test("pauses end by themselves, and once, however they are cancelled meanwhile")
    func both() async {
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<200 { group.addTask { await FeedTime.pause(milliseconds: index % 3) } }
            group.cancelAll()
        }
        await FeedTime.pause(milliseconds: 1)
    }

    @Test("work that is done in time leaves no timer behind")
    func within() async throws {
        let ended = Mutex(false)
        let done: Int? = await StorePostgres.within(
            milliseconds: Self.long,
            {
                await FeedTime.pause(milliseconds: $0)
                ended.withLock { $0 = true }
            }, on: nil
        ) { 1 }
        #expect(done == 1)
        for _ in 0..<5_000 where !ended.withLock({ $0 }) { await aMoment() }
        #expect(ended.withLock { $0 })
    }

    @Test("work that takes longer is given up")
    func late() async {
        let done: Void? = await StorePostgres.within(milliseconds: 1, { await FeedTime.pause(milliseconds: $0) }, on: nil) {
            await FeedTime.pause(milliseconds: 200)
        }
        #expect(done == nil)
    }
}
