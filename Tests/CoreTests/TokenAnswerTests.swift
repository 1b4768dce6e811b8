import Core
import EngineKit
import Syntax
import TestSupport
import Testing

/// What clients of the Vault API expect of questions about tokens that are not there, and of odd wishes.
@Suite struct TokenAnswerTests {
    @Test(arguments: [
        ("lookup-accessor", CofferError.Code.invalidRequest, "invalid accessor"),
        ("renew-accessor", .invalidRequest, "invalid accessor"),
        ("renew", .invalidRequest, "token not found"), ("lookup", .permissionDenied, "bad token"),
        ("revoke-orphan", .invalidRequest, "token to revoke not found"),
    ]) func whatIsNotThere(path: String, code: CofferError.Code, message: String) async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "auth/token/\(path)", ["token": "bogus", "accessor": "bogus"])
        #expect(answer.code == code && answer.error?.messages == [message])
    }

    @Test func revokingByAnUnknownAccessorSaysSo() async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "auth/token/revoke-accessor", ["accessor": "bogus"])
        #expect(answer.isSuccess && answer.response?.warnings == ["No token found with this accessor"])
        #expect(await server.ask(.update, "auth/token/revoke", ["token": "bogus"]).isSuccess)
    }

    @Test(arguments: [
        ("s.with.dots", "custom token ID cannot have the 's.' prefix"),
        ("hvs.abc", "custom token ID cannot have the 'hvs.' prefix"),
        ("coffer.c.abc", "custom token ID cannot have the 'coffer.' prefix"),
        ("a.b", "custom token ID cannot have a '.' in the value"),
        ("a/b", "field 'id' must be printable, without spaces or slashes"),
    ]) func aChosenIDNeverLooksLikeAMadeToken(id: String, message: String) async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.update, "auth/token/create", ["id": .string(id)]).error?.messages == [message])
    }

    @Test func durationsInWarningsAreShort() async throws {
        let server = try await CoreHarness.make()
        let made = await server.ask(.update, "auth/token/create", ["ttl": "99999h"])
        #expect(
            made.response?.warnings
                == ["TTL of \"99999h\" exceeded the effective max_ttl of \"768h\"; TTL value is capped accordingly"])
    }

    @Test func metadataMayBeNumbers() async throws {
        let server = try await CoreHarness.make()
        let made = await server.ask(.update, "auth/token/create", ["meta": ["n": 1, "t": "x"]])
        #expect(made.issued?.metadata == ["n": "1", "t": "x"])
    }

    @Test func anAliasOnTheTokenMountHasOneSpelling() async throws {
        let server = try await CoreHarness.make()
        let accessor = await server.ask(.read, "sys/auth/token").data?["accessor"] ?? .null
        let id = await server.ask(.update, "identity/entity", ["name": "shop"]).data?["id"] ?? .null
        let alias: JSONObject = ["name": "CI-Main", "canonical_id": id, "mount_accessor": accessor]
        #expect(await server.ask(.update, "identity/entity-alias", alias).isSuccess)
        await server.ask(.update, "auth/token/roles/r", ["allowed_entity_aliases": "Ci-*"])
        for name in ["CI-Main", "ci-main"] {
            let made = await server.ask(.update, "auth/token/create/r", ["entity_alias": .string(name)])
            #expect(made.issued?.entityID == id.stringValue, "\(name)")
        }
    }

    @Test func revokingATokenCallsTheJobOfItsLeasesAtOnce() async throws {
        let server = try await LeaseTests.server()
        // In the middle of a second: what is due now must not wait for its end.
        server.time.set(Timestamp(nanoseconds: server.time.now().nanoseconds + 500_000_000))
        let token = try await server.token(["app"])
        _ = try await LeaseTests.lease(server, token: token)
        let rings = server.core.leaseBell.rings
        await server.ask(.update, "auth/token/revoke", ["token": .string(token)])
        for await _ in rings { break }
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
    }
}
