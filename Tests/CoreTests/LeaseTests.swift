import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct LeaseTests {
    static func server(_ storage: any Storage = MemoryStorage()) async throws -> CoreHarness {
        let server = try await CoreHarness.make(storage: storage)
        await server.ask(.update, "sys/mounts/test", ["type": "test"])
        await server.writePolicy("app", "path \"test/creds/*\" { capabilities = [\"read\"] }")
        return server
    }

    static func lease(_ server: CoreHarness, token: String = "", role: String = "app") async throws -> LeaseShown {
        try #require(await server.ask(.read, "test/creds/\(role)", token: token).lease)
    }

    private func left(_ storage: MemoryStorage) async throws -> [String] {
        try await storage.list(Listing(prefix: "sys/token/lease/", isRecursive: true))
    }

    @Test func anAnswerWithALeaseSaysHowLongItIsGood() async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
        #expect(lease.id.hasPrefix("test/creds/app/"))
        #expect(lease.seconds == 600)
        #expect(lease.isRenewable)
        let seen = await server.ask(.update, "sys/leases/lookup", ["lease_id": .string(lease.id)])
        #expect(seen.data?["ttl"] == 600)
        #expect(seen.data?["renewable"] == true)
        #expect(await server.ask(.update, "sys/leases/lookup", ["lease_id": "test/creds/app/none"]).code == .invalidRequest)
    }

    @Test func endsAndIsRevoked() async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        _ = try await Self.lease(server)
        server.time.advance(seconds: 599)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.count == 1)
        server.time.advance(seconds: 1)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(try await left(storage).isEmpty)
    }

    @Test func runsItsOwnTimeAndEndsWithItsToken() async throws {
        let server = try await Self.server()
        let token = try await server.token(["app"], ["ttl": "100s"])
        let lease = try await Self.lease(server, token: token)
        #expect(lease.seconds == 600)
        server.time.advance(seconds: 99)
        // Just before its token's own renewal, a lease is not cut to what the token has left.
        let renewed = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": 500])
        #expect(renewed.lease?.seconds == 500)
        server.time.advance(seconds: 1)
        #expect(await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id)]).code == .invalidRequest)
        #expect(server.engine.alive.count == 1)
        await server.core.runJobs(round: 1)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(await server.ask(.update, "sys/leases/lookup", ["lease_id": .string(lease.id)]).code == .invalidRequest)
    }

    @Test func aRenewedTokenKeepsItsLeases() async throws {
        let server = try await Self.server()
        let token = try await server.token(["app", "default"], ["ttl": "100s"])
        let lease = try await Self.lease(server, token: token)
        for _ in 0..<5 {
            server.time.advance(seconds: 90)
            await server.core.runJobs(round: 1)
            await server.core.runLeaseJobs()
            #expect(await server.ask(.update, "auth/token/renew-self", token: token).isSuccess)
        }
        #expect(server.engine.alive.count == 1)
        #expect(await server.ask(.update, "sys/leases/lookup", ["lease_id": .string(lease.id)]).data?["ttl"] == 150)
    }

    @Test func aLoweredMaximumOfTheMountHoldsForRenewalsToo() async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
        await server.ask(.update, "sys/mounts/test/tune", ["default_lease_ttl": "100s", "max_lease_ttl": "300s"])
        let renewed = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": "5h"])
        #expect(renewed.lease?.seconds == 300)
        #expect(
            renewed.response?.warnings
                == ["TTL of \"5h\" exceeded the effective max_ttl of \"5m\"; TTL value is capped accordingly"])
        let short = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": "60s"])
        #expect(short.lease?.seconds == 60 && short.response?.warnings == [])
    }

    @Test func theMountsAndTheGrantsMaximaHoldOnIssueAndOnRenewal() async throws {
        let server = try await Self.server()
        server.engine.set { $0.grant = LeaseGrant(ttl: 900, maxTTL: 1_000) }
        let lease = try await Self.lease(server)
        #expect(lease.seconds == 900)
        server.time.advance(seconds: 400)
        let renewed = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": "99999h"])
        #expect(renewed.lease?.seconds == 600)
        await server.ask(.update, "sys/mounts/test/tune", ["max_lease_ttl": "300s", "default_lease_ttl": "200s"])
        #expect(try await Self.lease(server).seconds == 300)
        server.engine.set { $0.grant = LeaseGrant() }
        #expect(try await Self.lease(server).seconds == 200)
    }

    @Test(arguments: ["0", "-5", "-1s", "9223372036854775807", "1", ""]) func noRenewalNearTheEndMakesALeaseWithoutEnd(
        increment: String
    ) async throws {
        let server = try await Self.server()
        server.engine.set { $0.grant = LeaseGrant(ttl: 100, maxTTL: 100) }
        let lease = try await Self.lease(server)
        server.time.set(Timestamp(nanoseconds: server.time.now().nanoseconds + 99_600_000_000))
        let renewed = await server.ask(
            .update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": .string(increment)])
        if renewed.isSuccess { #expect(renewed.lease?.seconds == 1) }
        server.time.advance(seconds: 2)
        await server.core.runLeaseJobs()
        await server.core.runJobs(round: 1)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id)]).code == .invalidRequest)
    }

    @Test func aLeaseThatIsNotRenewableStaysSo() async throws {
        let server = try await Self.server()
        server.engine.set { $0.grant.isRenewable = false }
        let lease = try await Self.lease(server)
        #expect(!lease.isRenewable)
        #expect(await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id)]).code == .invalidRequest)
    }

    @Test(arguments: ["sys/leases/revoke", "sys/revoke"]) func revokesOneAtOnce(path: String) async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        let (one, _) = (try await Self.lease(server), try await Self.lease(server))
        #expect(await server.ask(.update, path, ["lease_id": .string(one.id)]).isSuccess)
        #expect(server.engine.alive == ["user-2"])
        #expect(await server.ask(.update, "sys/leases/lookup", ["lease_id": .string(one.id)]).code == .invalidRequest)
        // A second time there is nothing to do.
        #expect(await server.ask(.update, "\(path)/\(one.id)").isSuccess)
        #expect(server.engine.revocations == ["user-1"])
    }

    @Test func triesAtOnceAndThenLaterWhenNobodyWaits() async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        let lease = try await Self.lease(server)
        server.engine.set { $0.failuresLeft = 1 }
        let answer = await server.ask(.update, "sys/leases/revoke", ["lease_id": .string(lease.id), "sync": false])
        #expect(answer.response?.status == 202)
        #expect(server.engine.revocations.count == 1 && server.engine.alive.count == 1)
        #expect(await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id)]).code == .invalidRequest)
        server.time.advance(seconds: 10)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(try await left(storage).isEmpty)
    }

    @Test func isDoneWhenAskedNotToWaitAndTheEngineIsQuick() async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
        let answer = await server.ask(.update, "sys/leases/revoke", ["lease_id": .string(lease.id), "sync": false])
        #expect(answer.response?.status == 202 && server.engine.alive.isEmpty)
    }

    @Test func goesWithItsTokenAndWithTheTokensParent() async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        await server.writePolicy(
            "maker", "path \"auth/token/create\" { capabilities = [\"update\"] }\npath \"test/*\" { capabilities = [\"read\"] }")
        let parent = try await server.token(["maker"])
        let child = await server.ask(.update, "auth/token/create", [:], token: parent).issued?.clientToken ?? ""
        for token in [parent, child, child] { _ = try await Self.lease(server, token: token) }
        _ = try await Self.lease(server)
        #expect(await server.ask(.update, "auth/token/revoke-self", token: parent).isSuccess)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive == ["user-4"])
    }

    @Test func aTokensRevocationLosesNoLeaseWhereverItStops() async throws {
        for failing in 1...8 {
            let memory = MemoryStorage()
            let storage = FailingStorage(memory)
            let server = try await Self.server(storage)
            let token = try await server.token(["app"])
            for _ in 0..<5 { _ = try await Self.lease(server, token: token) }
            storage.failCommits(from: failing)
            await server.ask(.update, "auth/token/revoke", ["token": .string(token)])
            await server.core.runLeaseJobs()
            storage.heal()
            let again = try await server.restarted()
            await again.core.runLeaseJobs()
            let isGone = await again.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied
            #expect(again.engine.alive.count == (isGone ? 0 : 5), "commit \(failing)")
            if isGone { #expect(try await left(memory).isEmpty) }
        }
    }

    @Test func whatCannotBeRegisteredIsTakenBack() async throws {
        for moment in [FailingStorage.Moment.before, .after] {
            let storage = FailingStorage(MemoryStorage())
            let server = try await Self.server(storage)
            storage.failCommit(1, moment)
            #expect(await server.ask(.read, "test/creds/app").code == .unavailable)
            #expect(server.engine.alive.isEmpty)
            #expect(await server.ask(.list, "sys/leases/lookup/test/creds").code == .notFound)
        }
    }

    @Test func whatCanNeitherBeRegisteredNorTakenBackIsQueued() async throws {
        let storage = FailingStorage(MemoryStorage())
        let server = try await Self.server(storage)
        storage.failCommit(1)
        server.engine.set { $0.failuresLeft = 1 }
        #expect(await server.ask(.read, "test/creds/app").code == .unavailable)
        #expect(server.engine.alive.count == 1)
        server.time.advance(seconds: 10)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
    }

    @Test func aTokenRevokedMeanwhileGetsNothing() async throws {
        let server = try await Self.server()
        let token = try await server.token(["app"])
        server.engine.set { state in
            state.duringRead = { await server.ask(.update, "auth/token/revoke", ["token": .string(token)]) }
        }
        #expect(await server.ask(.read, "test/creds/app", token: token).code == .permissionDenied)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func aMountRemovedMeanwhileLeavesNothing() async throws {
        let server = try await Self.server()
        server.engine.set { state in
            state.duringRead = { await server.ask(.delete, "sys/mounts/test") }
        }
        #expect(await server.ask(.read, "test/creds/app").code == .notFound)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func triesAgainMoreAndMoreRarelyAndThenAsksForHelp() async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
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
        let server = try await Self.server(storage)
        for role in ["a", "ab", "a"] { _ = try await Self.lease(server, role: role) }
        server.engine.set { $0.failuresLeft = 2 }
        #expect(await server.ask(.update, "\(path)/test/creds/a").isSuccess)
        #expect(await server.ask(.list, "sys/leases/lookup/test/creds").data?["keys"] == ["ab/"])
        #expect(server.engine.alive.count == 3)
    }

    @Test(arguments: ["sys/leases/revoke-prefix", "sys/revoke-prefix"]) func revokesBelowAPrefixAndNotBesideIt(path: String)
        async throws
    {
        let server = try await Self.server()
        for role in ["a", "ab", "a"] { _ = try await Self.lease(server, role: role) }
        #expect(await server.ask(.update, "\(path)/test/creds/a").isSuccess)
        #expect(server.engine.alive == ["user-2"])
        #expect(await server.ask(.list, "sys/leases/lookup/test/creds/").data?["keys"] == ["ab/"])
        #expect(await server.ask(.list, "sys/leases/lookup/").data?["keys"] == ["test/"])
    }

    @Test func whatIsIrrevocableIsTriedOnceADay() async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        _ = try await Self.lease(server)
        server.engine.set { $0.failuresLeft = 10 }
        for _ in 0..<10 {
            server.time.advance(seconds: 5_000)
            await server.core.runLeaseJobs()
        }
        #expect(await server.ask(.read, "sys/leases").data?["lease_count"] == 1)
        server.time.advance(seconds: 60_000)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.count == 1)
        server.time.advance(seconds: 50_000)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(try await left(storage).isEmpty)
    }

    @Test func anEngineThatIsAwayHoldsUpNobodyElse() async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        await server.ask(.update, "sys/mounts/away", ["type": "test"])
        server.engine.set { $0.brokenPath = "away/" }
        for _ in 0..<40 { _ = await server.ask(.read, "away/creds/a") }
        for _ in 0..<5 { _ = try await Self.lease(server) }
        server.time.advance(seconds: 600)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.count == 40)
        // Those under way when the eighth failed, and no more.
        #expect(server.engine.revocations.count - 5 <= 8 + 16)
        server.engine.set { $0.brokenPath = nil }
        server.time.advance(seconds: 60)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(try await left(storage).isEmpty)
    }

    @Test func aPrefixThatIsALeaseMeansThatLease() async throws {
        let server = try await Self.server()
        let (one, _) = (try await Self.lease(server), try await Self.lease(server))
        #expect(await server.ask(.update, "sys/leases/revoke-prefix/\(one.id)").isSuccess)
        #expect(server.engine.alive == ["user-2"])
    }

    @Test func theLastUseOfATokenLeasesNothing() async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        let token = try await server.token(["app"], ["num_uses": 2])
        #expect(await server.ask(.read, "test/creds/app", token: token).isSuccess)
        #expect(await server.ask(.read, "test/creds/app", token: token).code == .invalidRequest)
        #expect(server.engine.alive == ["user-1"])
        // The first goes with the token, which is used up.
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(try await left(storage).isEmpty)
    }

    @Test func theClockSetBackAndForwardMovesNoEnd() async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
        server.time.advance(seconds: -3_000)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.count == 1)
        let renewed = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": 60])
        #expect(renewed.lease?.seconds == 60)
        server.time.advance(seconds: 60)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
    }

    @Test func anIncrementOfNullIsNone() async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
        let renewed = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": .null])
        #expect(renewed.lease?.seconds == 600)
    }

    @Test func unmountingRevokesAndAFailureKeepsTheMount() async throws {
        let server = try await Self.server()
        for _ in 0..<3 { _ = try await Self.lease(server) }
        server.engine.set { $0.failuresLeft = 1 }
        #expect(await server.ask(.delete, "sys/mounts/test").code == .internal)
        #expect(await server.ask(.read, "sys/mounts/test").isSuccess)
        #expect(await server.ask(.delete, "sys/mounts/test").isSuccess)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func movingAMountEndsItsLeases() async throws {
        let server = try await Self.server()
        _ = try await Self.lease(server)
        #expect(await server.ask(.update, "sys/remount", ["from": "test", "to": "other"]).isSuccess)
        #expect(server.engine.alive.isEmpty)
    }

    @Test(arguments: [
        ("renew", "sys/renew"), ("revoke", "sys/revoke"), ("revoke-prefix/test", "sys/revoke-prefix/test"),
        ("revoke-force/test", "sys/revoke-force/test"),
    ]) func anOldPathIsJudgedAsTheNewOne(name: String, legacy: String) async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
        await server.writePolicy(
            "old",
            "path \"\(legacy)\" { capabilities = [\"update\", \"sudo\"] }\npath \"sys/leases/*\" { capabilities = [\"deny\"] }")
        await server.writePolicy("new", "path \"sys/leases/\(name)\" { capabilities = [\"update\", \"sudo\"] }")
        let body: JSONObject = ["lease_id": .string(lease.id)]
        #expect(
            await server.ask(.update, legacy, body, token: try await server.token(["old"], ["no_default_policy": true])).code
                == .permissionDenied)
        #expect(server.engine.alive.count == 1)
        #expect(await server.ask(.update, legacy, body, token: try await server.token(["new"])).isSuccess)
    }

    @Test func knowingAPrefixIsForOperators() async throws {
        let server = try await Self.server()
        _ = try await Self.lease(server)
        await server.writePolicy("p", "path \"sys/leases/*\" { capabilities = [\"read\", \"list\", \"update\"] }")
        let token = try await server.token(["p"])
        for (operation, path) in [
            (EngineKit.Operation.list, "sys/leases/lookup/"), (.list, "sys/leases/lookup/test"),
            (.update, "sys/leases/revoke-prefix/test"),
            (.update, "sys/leases/revoke-force/test"), (.update, "sys/leases/tidy"), (.read, "sys/leases/count"),
        ] {
            #expect(await server.ask(operation, path, token: token).code == .permissionDenied, "\(path)")
        }
    }

    @Test func aWrappedLeaseIsFoundInside() async throws {
        let server = try await Self.server()
        let info = try #require(await server.ask(.read, "test/creds/app", wrapTTL: 60).wrapInfo)
        let inner = await server.ask(.update, "sys/wrapping/unwrap", token: info.token)
        #expect(inner.lease?.seconds == 600)
        #expect(await server.ask(.update, "sys/leases/revoke", ["lease_id": .string(inner.lease?.id ?? "")]).isSuccess)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func renewalsAndRevocationsAtOnceLeaveNothing() async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        for _ in 0..<10 {
            let lease = try await Self.lease(server)
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
        server.time.advance(seconds: 100)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(try await left(storage).isEmpty)
    }

    @Test func manyAreRevokedInOneRound() async throws {
        let storage = MemoryStorage()
        let server = try await Self.server(storage)
        for _ in 0..<1_200 { _ = try await Self.lease(server) }
        server.time.advance(seconds: 600)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
        #expect(try await left(storage).isEmpty)
    }

    @Test func anUnmountIsNotHeldUpByTheLeasesOfAMountThatIsGone() async throws {
        let server = try await Self.server()
        await server.ask(.update, "sys/mounts/other", ["type": "test"])
        _ = try await Self.lease(server)
        #expect(await server.ask(.delete, "sys/mounts/other").isSuccess)
        #expect(server.engine.alive.count == 1)
    }
}
