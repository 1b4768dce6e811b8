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
}
