import EngineKit
import Synchronization
import TestSupport
import Testing

@testable import StorePostgres

@Suite("A place among the nodes, after it was given back for good", .timeLimit(.minutes(10)))
struct EndedMembershipTests {
    private let time = ManualTime()
    private let place = Membership.Place(incarnation: "a", history: "h")

    private func ended() -> Membership {
        let membership = Membership(time: time)
        membership.joined(place, at: 0)
        membership.kept(place, sentAt: time.now())
        #expect(membership.mayServe)
        membership.end()
        return membership
    }

    @Test("a commit that ends later is answered at once")
    func commit() async throws {
        let membership = ended()
        let outcome = Mutex<Result<Void, StorageError>?>(nil)
        Task {
            do throws(StorageError) {
                try await membership.passed(.init(sequence: 1, history: "h", others: ["b"]))
                outcome.withLock { $0 = .success(()) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        for _ in 0..<1_000 where outcome.withLock({ $0 == nil }) { await aMoment() }
        let answer = try #require(outcome.withLock { $0 })
        #expect(throws: Membership.unknown) { try answer.get() }
    }

    @Test("a join that was under way makes it serve no more")
    func join() {
        let membership = ended()
        let late = Membership.Place(incarnation: "late", history: "h")
        membership.joined(late, at: 0)
        membership.kept(late, sentAt: time.now())
        membership.kept(place, sentAt: time.now())
        #expect(!membership.mayServe && membership.place == nil && membership.leadingTerm == nil)
    }
}
