import StoreKit
import Testing

@Suite("Commits that wait for a store's writer")
struct WaitingCommitsTests {
    private typealias Waiting = WaitingCommits<Int, Bool>

    /// Runs `body` with a maker of commits, all of which one caller waits for.
    private func withCommits(_ body: ((Int, Int) -> Waiting.Commit) -> Void) async {
        _ = await withCheckedContinuation { answer in
            body { Waiting.Commit($0, bytes: $1, answer: answer) }
            answer.resume(returning: true)
        }
    }

    @Test("the first starts the writer, which ends when nothing waits")
    func writer() async {
        await withCommits { commit in
            var waiting = Waiting()
            #expect(waiting.add(commit(1, 1)) == .first && waiting.add(commit(2, 1)) == .joined)
            #expect(waiting.nextGroup().map(\.request) == [1, 2])
            #expect(waiting.add(commit(3, 1)) == .joined)
            #expect(waiting.nextGroup().map(\.request) == [3])
            #expect(waiting.nextGroup().isEmpty && waiting.add(commit(4, 1)) == .first)
            #expect(waiting.takeAll().map(\.request) == [4] && waiting.add(commit(5, 1)) == .first)
            waiting.close()
            #expect(waiting.add(commit(6, 1)) == .closed && waiting.nextGroup().map(\.request) == [5])
        }
    }

    @Test("more than 8,192 commits or 128 MiB are refused, until a group is taken")
    func bounds() async {
        await withCommits { commit in
            var waiting = Waiting()
            for number in 0..<8_192 { #expect(waiting.add(commit(number, 1)) != .full) }
            #expect(waiting.add(commit(0, 1)) == .full)
            #expect(waiting.nextGroup().count == 512 && waiting.add(commit(0, 1)) == .joined)
            var large = Waiting()
            #expect(large.add(commit(1, 100 << 20)) == .first && large.add(commit(2, 28 << 20)) == .joined)
            #expect(large.add(commit(3, 1)) == .full)
            #expect(large.nextGroup().map(\.request) == [1] && large.add(commit(3, 1)) == .joined)
        }
    }

    @Test("a group has at most 512 commits or 8 MiB, and one commit in any case")
    func groups() async {
        await withCommits { commit in
            var waiting = Waiting()
            for (number, bytes) in [(1, 4 << 20), (2, 4 << 20), (3, 1), (4, 9 << 20), (5, 1)] {
                _ = waiting.add(commit(number, bytes))
            }
            #expect((0..<4).map { _ in waiting.nextGroup().map(\.request) } == [[1, 2], [3], [4], [5]])
        }
    }
}
