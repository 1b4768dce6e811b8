import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct CubbyholeTests {
    @Test func everyTokenSeesItsOwn() async throws {
        let server = try await CoreHarness.make()
        let (one, other) = (try await server.token(["default"]), try await server.token(["default"]))
        #expect(await server.ask(.update, "cubbyhole/a/b", ["k": .number("1.0")], token: one).isSuccess)
        #expect(await server.ask(.read, "cubbyhole/a/b", token: one).data == ["k": .number("1.0")])
        #expect(await server.ask(.list, "cubbyhole/", token: one).data?["keys"] == ["a/"])
        #expect(await server.ask(.list, "cubbyhole/a/", token: one).data?["keys"] == ["b"])
        for token in [other, server.root] {
            #expect(await server.ask(.read, "cubbyhole/a/b", token: token).code == .notFound)
            #expect(await server.ask(.list, "cubbyhole/", token: token).code == .notFound)
        }
        #expect(await server.ask(.delete, "cubbyhole/a/b", token: one).isSuccess)
        #expect(await server.ask(.read, "cubbyhole/a/b", token: one).code == .notFound)
    }

    @Test func goesWithItsTokenWhereverTheRevocationStops() async throws {
        for failing in 1...6 {
            let memory = MemoryStorage()
            let storage = FailingStorage(memory)
            let server = try await CoreHarness.make(storage: storage)
            let token = try await server.token(["default"])
            for index in 0..<5 { await server.ask(.update, "cubbyhole/\(index)", ["k": "v"], token: token) }
            storage.failCommits(from: failing)
            let revoked = await server.ask(.update, "auth/token/revoke", ["token": .string(token)])
            storage.heal()
            let again = try await server.restarted()
            let isGone = await again.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied
            if revoked.isSuccess { #expect(isGone) }
            let left = try await memory.list(Listing(prefix: "sys/token/cubby/", isRecursive: true)).count
            #expect(left == (isGone ? 0 : 5))
        }
    }

    @Test func itsMountStays() async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.delete, "sys/mounts/cubbyhole").code == .invalidRequest)
        #expect(await server.ask(.read, "sys/mounts").data?["cubbyhole/"]?["type"] == "cubbyhole")
    }
}
