import EngineKit
import TestSupport
import Testing

@testable import StorePostgres

@Suite("A place among the nodes")
struct PlaceTests {
    private let time = ManualTime()
    private let first = Membership.Place(incarnation: "a", history: "h")
    private let second = Membership.Place(incarnation: "b", history: "h")

    @Test("is kept by its own heartbeats alone")
    func heartbeats() {
        let membership = Membership(time: time)
        membership.joined(first, at: 0)
        membership.kept(first, sentAt: time.now())
        #expect(membership.mayServe)
        membership.lost("given back")
        #expect(!membership.mayServe)
        // Sent before the place was given back, and answered after.
        membership.kept(first, sentAt: time.now())
        #expect(!membership.mayServe && membership.trouble == "given back")
        membership.joined(second, at: 5)
        membership.kept(first, sentAt: time.now())
        #expect(!membership.mayServe)
        membership.kept(second, sentAt: time.now())
        #expect(membership.mayServe && membership.trouble == nil)
        time.advance(seconds: Membership.serveSeconds)
        #expect(!membership.mayServe)
    }

    @Test("passes hints of its own next commit, once the database has answered it, and no others")
    func hints() {
        let membership = Membership(time: time)
        membership.joined(first, at: 4)
        #expect(!membership.passOwn(5))
        membership.began(5)
        #expect(!membership.passOwn(5))
        membership.wrote(5)
        membership.began(6)
        membership.wrote(6)
        #expect(!membership.passOwn(6) && membership.position == 4)
        #expect(membership.passOwn(5) && membership.position == 5)
        #expect(!membership.passOwn(5))
        membership.doubted(6)
        #expect(!membership.passOwn(6) && membership.position == 5)
    }

    @Test("waits for a new history to settle by its own clock, wherever the database's is set")
    func settling() {
        let membership = Membership(time: time)
        membership.joined(first, at: 0)
        func wait(_ milliseconds: Int64, in history: String = "h") -> Int? {
            let found = Membership.Found(
                history: history, leader: nil, term: 0, settlesInMilliseconds: milliseconds, live: ["a"])
            let end = membership.receipt(1, found).settledAt
            return end.map { Int(($0.nanoseconds - time.now().nanoseconds) / 1_000_000) }
        }
        #expect(wait(0) == nil && wait(-90_000) == nil)
        #expect(wait(3_000) == 3_000 && wait(90_000) == 10_000)
        time.advance(seconds: 4)
        #expect(wait(90_000) == 6_000 && wait(3_000) == 3_000)
        // Of a history that this node does not know it says nothing.
        #expect(wait(90_000, in: "other") == 10_000)
        // Another place in the same history.
        membership.lost("given back")
        membership.joined(second, at: 5)
        #expect(wait(90_000) == 6_000)
        time.advance(seconds: 6)
        #expect(wait(90_000) == nil)
        membership.joined(.init(incarnation: "c", history: "next"), at: 0)
        #expect(wait(90_000, in: "next") == 10_000)
    }
}
