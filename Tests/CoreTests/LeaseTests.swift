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

    static func left(_ storage: MemoryStorage) async throws -> [String] {
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
        await server.pass(seconds: 599)
        #expect(server.engine.alive.count == 1)
        await server.pass(seconds: 1)
        #expect(server.engine.alive.isEmpty)
        #expect(try await Self.left(storage).isEmpty)
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
        await server.pass(withJobs: true)
        #expect(server.engine.alive.isEmpty)
        #expect(await server.ask(.update, "sys/leases/lookup", ["lease_id": .string(lease.id)]).code == .invalidRequest)
    }

    @Test func aRenewedTokenKeepsItsLeases() async throws {
        let server = try await Self.server()
        let token = try await server.token(["app", "default"], ["ttl": "100s"])
        let lease = try await Self.lease(server, token: token)
        for _ in 0..<5 {
            await server.pass(seconds: 90, withJobs: true)
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
        await server.pass(seconds: 2)
        await server.pass(withJobs: true)
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
        #expect(try await Self.left(storage).isEmpty)
    }

    @Test func theClockSetBackAndForwardMovesNoEnd() async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
        await server.pass(seconds: -3_000)
        #expect(server.engine.alive.count == 1)
        let renewed = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": 60])
        #expect(renewed.lease?.seconds == 60)
        await server.pass(seconds: 60)
        #expect(server.engine.alive.isEmpty)
    }

    @Test func anIncrementOfNullIsNone() async throws {
        let server = try await Self.server()
        let lease = try await Self.lease(server)
        let renewed = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": .null])
        #expect(renewed.lease?.seconds == 600)
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
}
