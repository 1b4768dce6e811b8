import Core
import EngineKit
import Syntax
import TestSupport
import Testing

/// Tokens of logins as leases.
@Suite struct TokenLeaseTests {
    private func server(_ storage: any Storage = MemoryStorage()) async throws -> CoreHarness {
        let server = try await CoreHarness.make(storage: storage)
        for mount in ["up", "upper"] {
            await server.ask(.update, "sys/auth/\(mount)", ["type": "userpass"])
            for name in ["bob", "bobby"] {
                await server.ask(.update, "auth/\(mount)/users/\(name)", ["password": "pw", "token_ttl": 100])
            }
        }
        return server
    }

    private func logIn(_ server: CoreHarness, _ name: String = "bob", at mount: String = "up") async throws -> String {
        let path = "auth/\(mount)/login/\(name)"
        return try #require(await server.ask(.update, path, ["password": "pw"], token: nil).issued?.clientToken)
    }

    private func isAlive(_ server: CoreHarness, _ token: String) async -> Bool {
        await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess
    }

    private func leases(_ server: CoreHarness, _ path: String) async throws -> [String] {
        let keys = await server.ask(.list, "sys/leases/lookup/\(path)").data?["keys"]?.arrayValue ?? []
        return keys.compactMap(\.stringValue)
    }

    @Test func areListedLookedUpAndRevoked() async throws {
        let server = try await server()
        let (one, other) = (try await logIn(server), try await logIn(server, "bobby"))
        #expect(try await leases(server, "") == ["auth/"])
        #expect(try await leases(server, "auth") == ["up/"])
        #expect(try await leases(server, "auth/up/login") == ["bob/", "bobby/"])
        let names = try await leases(server, "auth/up/login/bob")
        let id = "auth/up/login/bob/\(try #require(names.first))"
        #expect(names.count == 1)
        server.time.advance(seconds: 40)
        let seen = await server.ask(.update, "sys/leases/lookup", ["lease_id": .string(id)]).data
        #expect(seen?["ttl"] == 60)
        #expect(seen?["last_renewal"] == .null)
        #expect(await server.ask(.update, "sys/leases/renew", ["lease_id": .string(id)]).code == .invalidRequest)
        #expect(await server.ask(.update, "sys/leases/revoke", ["lease_id": .string(id)]).isSuccess)
        #expect(await !isAlive(server, one))
        #expect(await isAlive(server, other))
        #expect(await server.ask(.update, "sys/leases/lookup", ["lease_id": .string(id)]).code == .invalidRequest)
        #expect(try await leases(server, "auth/up/login/bob").isEmpty)
    }

    @Test func anIdBelowAnotherPathIsNotTheToken() async throws {
        let server = try await server()
        let token = try await logIn(server)
        let name = try #require(try await leases(server, "auth/up/login/bob").first)
        for path in ["auth/up/login/bobby", "auth/upper/login/bob", "auth"] {
            #expect(await server.ask(.update, "sys/leases/revoke", ["lease_id": .string("\(path)/\(name)")]).isSuccess)
        }
        #expect(await isAlive(server, token))
    }

    @Test(arguments: [
        ("sys/leases/revoke-prefix/auth/up", [true, true, false]), ("sys/revoke-prefix/auth/up/login/bob", [true, false, false]),
        ("sys/leases/revoke-force/auth/up/login", [true, true, false]), ("sys/leases/revoke-prefix/auth/u", [false, false, false]),
    ]) func goBelowAPrefixAndNotBesideIt(path: String, isGone: [Bool]) async throws {
        let server = try await server()
        let tokens = [
            try await logIn(server), try await logIn(server, "bobby"), try await logIn(server, "bob", at: "upper"),
        ]
        #expect(await server.ask(.update, path).isSuccess)
        for (token, isGone) in zip(tokens, isGone) { #expect(await isAlive(server, token) != isGone) }
        #expect(await isAlive(server, server.root))
    }

    @Test func disablingAMethodRevokesWhatItLetIn() async throws {
        let server = try await server()
        let (one, other) = (try await logIn(server), try await logIn(server, "bob", at: "upper"))
        #expect(await server.ask(.delete, "sys/auth/up").isSuccess)
        #expect(await !isAlive(server, one))
        #expect(await isAlive(server, other))
    }

    @Test func manyPagesAreRevoked() async throws {
        let storage = MemoryStorage()
        let server = try await CoreHarness.make(storage: storage)
        for _ in 0..<2_300 { _ = try await server.token(["default"]) }
        #expect(
            await server.ask(.list, "sys/leases/lookup/auth/token/create", query: [("limit", "7")]).data?["keys"]?.arrayValue?.count
                == 7)
        #expect(await server.ask(.update, "sys/leases/revoke-prefix/auth/token/create").isSuccess)
        #expect(try await storage.list(Listing(prefix: "sys/token/expiry/", isRecursive: true)).isEmpty)
        #expect(await isAlive(server, server.root))
    }

    @Test func expiringAtOnceAllGo() async throws {
        let storage = MemoryStorage()
        let server = try await CoreHarness.make(storage: storage)
        for _ in 0..<1_200 { _ = try await server.token(["default"], ["ttl": 60]) }
        server.time.advance(seconds: 60)
        await server.core.runJobs(round: 1)
        #expect(try await storage.list(Listing(prefix: "sys/token/id/", isRecursive: true)).count == 1)
    }
}
