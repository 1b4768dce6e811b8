import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct LeaseRevocationTests {
    @Test(arguments: ["sys/leases/revoke", "sys/revoke"]) func revokesOneAtOnce(path: String) async throws {
        let storage = MemoryStorage()
        let server = try await LeaseTests.server(storage)
        let (one, _) = (try await LeaseTests.lease(server), try await LeaseTests.lease(server))
        #expect(await server.ask(.update, path, ["lease_id": .string(one.id)]).isSuccess)
        #expect(server.engine.alive == ["user-2"])
        #expect(await server.ask(.update, "sys/leases/lookup", ["lease_id": .string(one.id)]).code == .invalidRequest)
        // A second time there is nothing to do.
        #expect(await server.ask(.update, "\(path)/\(one.id)").isSuccess)
        #expect(server.engine.revocations == ["user-1"])
    }

    @Test func triesAtOnceAndThenLaterWhenNobodyWaits() async throws {
        let storage = MemoryStorage()
        let server = try await LeaseTests.server(storage)
        let lease = try await LeaseTests.lease(server)
        server.engine.set { $0.failuresLeft = 1 }
        let answer = await server.ask(.update, "sys/leases/revoke", ["lease_id": .string(lease.id), "sync": false])
        #expect(answer.response?.status == 202)
        #expect(server.engine.revocations.count == 1 && server.engine.alive.count == 1)
        #expect(await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id)]).code == .invalidRequest)
        await server.pass(seconds: 10)
        #expect(server.engine.alive.isEmpty)
        #expect(try await LeaseTests.left(storage).isEmpty)
    }

    @Test func isDoneWhenAskedNotToWaitAndTheEngineIsQuick() async throws {
        let server = try await LeaseTests.server()
        let lease = try await LeaseTests.lease(server)
        let answer = await server.ask(.update, "sys/leases/revoke", ["lease_id": .string(lease.id), "sync": false])
        #expect(answer.response?.status == 202 && server.engine.alive.isEmpty)
    }

    @Test func goesWithItsTokenAndWithTheTokensParent() async throws {
        let storage = MemoryStorage()
        let server = try await LeaseTests.server(storage)
        await server.writePolicy(
            "maker", "path \"auth/token/create\" { capabilities = [\"update\"] }\npath \"test/*\" { capabilities = [\"read\"] }")
        let parent = try await server.token(["maker"])
        let child = await server.ask(.update, "auth/token/create", [:], token: parent).issued?.clientToken ?? ""
        for token in [parent, child, child] { _ = try await LeaseTests.lease(server, token: token) }
        _ = try await LeaseTests.lease(server)
        #expect(await server.ask(.update, "auth/token/revoke-self", token: parent).isSuccess)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive == ["user-4"])
    }

    @Test func aTokensRevocationLosesNoLeaseWhereverItStops() async throws {
        for failing in 1...8 {
            let memory = MemoryStorage()
            let storage = FailingStorage(memory)
            let server = try await LeaseTests.server(storage)
            let token = try await server.token(["app"])
            for _ in 0..<5 { _ = try await LeaseTests.lease(server, token: token) }
            storage.failCommits(from: failing)
            await server.ask(.update, "auth/token/revoke", ["token": .string(token)])
            await server.core.runLeaseJobs()
            storage.heal()
            let again = try await server.restarted()
            await again.core.runLeaseJobs()
            let isGone = await again.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied
            #expect(again.engine.alive.count == (isGone ? 0 : 5), "commit \(failing)")
            if isGone { #expect(try await LeaseTests.left(memory).isEmpty) }
        }
    }

    @Test func whatCannotBeRegisteredIsTakenBack() async throws {
        for moment in [FailingStorage.Moment.before, .after] {
            let storage = FailingStorage(MemoryStorage())
            let server = try await LeaseTests.server(storage)
            storage.failCommit(1, moment)
            #expect(await server.ask(.read, "test/creds/app").code == .unavailable)
            #expect(server.engine.alive.isEmpty)
            #expect(await server.ask(.list, "sys/leases/lookup/test/creds").code == .notFound)
        }
    }

    @Test func whatCanNeitherBeRegisteredNorTakenBackIsQueued() async throws {
        let storage = FailingStorage(MemoryStorage())
        let server = try await LeaseTests.server(storage)
        storage.failCommit(1)
        server.engine.set { $0.failuresLeft = 1 }
        #expect(await server.ask(.read, "test/creds/app").code == .unavailable)
        #expect(server.engine.alive.count == 1)
        await server.pass(seconds: 10)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func aTokenRevokedMeanwhileGetsNothing() async throws {
        let server = try await LeaseTests.server()
        let token = try await server.token(["app"])
        server.engine.set { state in
            state.duringRead = { await server.ask(.update, "auth/token/revoke", ["token": .string(token)]) }
        }
        #expect(await server.ask(.read, "test/creds/app", token: token).code == .permissionDenied)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func aMountRemovedMeanwhileLeavesNothing() async throws {
        let server = try await LeaseTests.server()
        server.engine.set { state in
            state.duringRead = { await server.ask(.delete, "sys/mounts/test") }
        }
        #expect(await server.ask(.read, "test/creds/app").code == .notFound)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func triesAgainMoreAndMoreRarelyAndThenAsksForHelp() async throws {
        let server = try await LeaseTests.server()
        let lease = try await LeaseTests.lease(server)
        server.engine.set { $0.failuresLeft = 1_000 }
        server.time.advance(seconds: 600)
        var waits: [Int] = []
        var last = 0
        for second in 0..<4_000 {
            await server.core.runLeaseJobs()
            let count = server.engine.revocations.count
            if count > waits.count {
                waits.append(second - last)
                last = second
            }
            server.time.advance(seconds: 1)
        }
        #expect(waits.count == 10)
        for (wait, usual) in zip(waits, [0, 5, 10, 20, 40, 80, 160, 320, 640, 1_280]) {
            #expect(usual * 4 / 5...usual * 6 / 5 + 1 ~= wait)
        }
        let report = await server.ask(.read, "sys/leases", query: [("type", "irrevocable")])
        #expect(report.data?["lease_count"] == 1)
        #expect(report.data?["leases"]?.arrayValue?.first?["lease_id"] == .string(lease.id))
        #expect(report.data?["leases"]?.arrayValue?.first?["error"] == "the test engine refuses")
        #expect(await server.ask(.read, "sys/leases/count").data?["counts"]?["test/"] == 1)
        // An operator asks again when the cause is mended.
        server.engine.set { $0.failuresLeft = 0 }
        #expect(await server.ask(.update, "sys/leases/revoke", ["lease_id": .string(lease.id)]).isSuccess)
        #expect(server.engine.alive.isEmpty)
        #expect(await server.ask(.read, "sys/leases").data?["lease_count"] == 0)
    }

    @Test(arguments: ["sys/leases/revoke-force", "sys/revoke-force"]) func forceForgetsWhatCannotBeRevoked(path: String)
        async throws
    {
        let storage = MemoryStorage()
        let server = try await LeaseTests.server(storage)
        for role in ["a", "ab", "a"] { _ = try await LeaseTests.lease(server, role: role) }
        server.engine.set { $0.failuresLeft = 2 }
        #expect(await server.ask(.update, "\(path)/test/creds/a").isSuccess)
        #expect(await server.ask(.list, "sys/leases/lookup/test/creds").data?["keys"] == ["ab/"])
        #expect(server.engine.alive.count == 3)
    }

    @Test(arguments: ["sys/leases/revoke-prefix", "sys/revoke-prefix"]) func revokesBelowAPrefixAndNotBesideIt(path: String)
        async throws
    {
        let server = try await LeaseTests.server()
        for role in ["a", "ab", "a"] { _ = try await LeaseTests.lease(server, role: role) }
        #expect(await server.ask(.update, "\(path)/test/creds/a").isSuccess)
        #expect(server.engine.alive == ["user-2"])
        #expect(await server.ask(.list, "sys/leases/lookup/test/creds/").data?["keys"] == ["ab/"])
        #expect(await server.ask(.list, "sys/leases/lookup/").data?["keys"] == ["test/"])
    }

    @Test func whatIsIrrevocableIsTriedOnceADay() async throws {
        let storage = MemoryStorage()
        let server = try await LeaseTests.server(storage)
        _ = try await LeaseTests.lease(server)
        server.engine.set { $0.failuresLeft = 10 }
        for _ in 0..<10 {
            await server.pass(seconds: 5_000)
        }
        #expect(await server.ask(.read, "sys/leases").data?["lease_count"] == 1)
        await server.pass(seconds: 60_000)
        #expect(server.engine.alive.count == 1)
        await server.pass(seconds: 50_000)
        #expect(server.engine.alive.isEmpty)
        #expect(try await LeaseTests.left(storage).isEmpty)
    }

    @Test func anEngineThatIsAwayHoldsUpNobodyElse() async throws {
        let storage = MemoryStorage()
        let server = try await LeaseTests.server(storage)
        await server.ask(.update, "sys/mounts/away", ["type": "test"])
        server.engine.set { $0.brokenPath = "away/" }
        for _ in 0..<40 { _ = await server.ask(.read, "away/creds/a") }
        for _ in 0..<5 { _ = try await LeaseTests.lease(server) }
        await server.pass(seconds: 600)
        #expect(server.engine.alive.count == 40)
        // Those under way when the eighth failed, and no more.
        #expect(server.engine.revocations.count - 5 <= 8 + 16)
        server.engine.set { $0.brokenPath = nil }
        await server.pass(seconds: 60)
        #expect(server.engine.alive.isEmpty)
        #expect(try await LeaseTests.left(storage).isEmpty)
    }

    @Test func aPrefixThatIsALeaseMeansThatLease() async throws {
        let server = try await LeaseTests.server()
        let (one, _) = (try await LeaseTests.lease(server), try await LeaseTests.lease(server))
        #expect(await server.ask(.update, "sys/leases/revoke-prefix/\(one.id)").isSuccess)
        #expect(server.engine.alive == ["user-2"])
    }

    @Test func unmountingRevokesAndAFailureKeepsTheMount() async throws {
        let server = try await LeaseTests.server()
        for _ in 0..<3 { _ = try await LeaseTests.lease(server) }
        server.engine.set { $0.failuresLeft = 1 }
        #expect(await server.ask(.delete, "sys/mounts/test").code == .internal)
        #expect(await server.ask(.read, "sys/mounts/test").isSuccess)
        #expect(await server.ask(.delete, "sys/mounts/test").isSuccess)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func movingAMountEndsItsLeases() async throws {
        let server = try await LeaseTests.server()
        _ = try await LeaseTests.lease(server)
        #expect(await server.ask(.update, "sys/remount", ["from": "test", "to": "other"]).isSuccess)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func renewalsAndRevocationsAtOnceLeaveNothing() async throws {
        let storage = MemoryStorage()
        let server = try await LeaseTests.server(storage)
        for _ in 0..<10 {
            let lease = try await LeaseTests.lease(server)
            let body: JSONObject = ["lease_id": .string(lease.id)]
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        if index == 5 { await server.ask(.update, "sys/leases/revoke", body) }
                        if index == 6 { await server.core.runLeaseJobs() }
                        if index < 5 { await server.ask(.update, "sys/leases/renew", body) }
                    }
                }
            }
        }
        await server.pass(seconds: 100)
        #expect(server.engine.alive.isEmpty)
        #expect(try await LeaseTests.left(storage).isEmpty)
    }

    @Test func manyAreRevokedInOneRound() async throws {
        let storage = MemoryStorage()
        let server = try await LeaseTests.server(storage)
        for _ in 0..<1_200 { _ = try await LeaseTests.lease(server) }
        await server.pass(seconds: 600)
        #expect(server.engine.alive.isEmpty)
        #expect(try await LeaseTests.left(storage).isEmpty)
    }

    @Test func anUnmountIsNotHeldUpByTheLeasesOfAMountThatIsGone() async throws {
        let server = try await LeaseTests.server()
        await server.ask(.update, "sys/mounts/other", ["type": "test"])
        _ = try await LeaseTests.lease(server)
        #expect(await server.ask(.delete, "sys/mounts/other").isSuccess)
        #expect(server.engine.alive.count == 1)
    }
}
