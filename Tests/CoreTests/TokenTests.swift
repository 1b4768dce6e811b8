import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct TokenTests {
    @Test func looksItselfUp() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"], ["ttl": "1h", "meta": ["who": "me"]])
        let data = await server.ask(.read, "auth/token/lookup-self", token: token).data
        #expect(data?["id"] == .string(token))
        #expect(data?["ttl"] == 3600)
        #expect(data?["type"] == "service")
        #expect(data?["expire_time"]?.stringValue?.hasSuffix("Z") == true)
        #expect(data?["meta"]?["who"] == "me")
        #expect(data?["policies"] == ["default"])
        #expect(await server.ask(.read, "auth/token/lookup-self").data?["expire_time"] == .null)
    }

    /// Its children would have uses without a bound.
    @Test func ofBoundedUsesMakesNoChildren() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("maker", "path \"auth/token/*\" { capabilities = [\"create\", \"update\", \"sudo\"] }")
        _ = await server.ask(.update, "auth/token/roles/any", [:])
        for path in ["create", "create-orphan", "create/any"] {
            let token = try await server.token(["maker"], ["num_uses": 5])
            let refused = await server.ask(.update, "auth/token/\(path)", [:], token: token)
            #expect(refused.code == .invalidRequest && refused.issued == nil, "\(path)")
        }
    }

    @Test func diesAtItsEndAndNotBefore() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"], ["ttl": "1h"])
        server.time.advance(seconds: 3599)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        server.time.advance(seconds: 1)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
        // Whether or not the job that removes it has run, and after a restart.
        #expect(await server.ask(.update, "auth/token/renew-self", token: token).code == .permissionDenied)
        await server.core.close()
        #expect(await (try server.restarted()).ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
    }

    @Test(arguments: ["0", "1", "999999999", ""]) func renewalNearTheEndNeverMakesItEndless(increment: String) async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"], ["ttl": "10s", "explicit_max_ttl": "20s"])
        server.time.set(server.time.now().adding(seconds: 9))
        let renewed = await server.ask(.update, "auth/token/renew-self", ["increment": .string(increment)], token: token)
        #expect((1...11).contains(renewed.issued?.leaseSeconds ?? 0))
        server.time.advance(seconds: 12)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
    }

    @Test(arguments: [
        JSON.string("-1"), "-5s", "1.5s", "abc", .number("-1"), .number("1.5"), "99999999999999999999h", true, [], [:],
    ])
    func refusesAbsurdTTLs(ttl: JSON) async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "auth/token/create", ["ttl": ttl])
        #expect(answer.code == .invalidRequest)
    }

    @Test func aPeriodicTokenLivesAsLongAsItIsRenewed() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"], ["period": "1h"])
        for _ in 0..<2_000 {
            server.time.advance(seconds: 3500)
            guard await server.ask(.update, "auth/token/renew-self", token: token).isSuccess else {
                Issue.record("not renewed")
                return
            }
        }
        server.time.advance(seconds: 3600)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
    }

    @Test func renewalStopsAtTheMaximum() async throws {
        var settings = CoreSettings()
        settings.defaultTTL = 3600
        settings.maxTTL = 7200
        let server = try await CoreHarness.make(settings: settings)
        let token = try await server.token(["default"])
        server.time.advance(seconds: 3000)
        #expect(await server.ask(.update, "auth/token/renew-self", token: token).issued?.leaseSeconds == 3600)
        server.time.advance(seconds: 3000)
        #expect(await server.ask(.update, "auth/token/renew-self", token: token).issued?.leaseSeconds == 1200)
        server.time.advance(seconds: 1200)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
    }

    @Test func hasSoManyUsesAndNoMore() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"], ["num_uses": 3])
        for _ in 0..<3 { #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess) }
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
    }

    @Test func oneUseIsWonByExactlyOneOfManyAtOnce() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"], ["num_uses": 1])
        let wins = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 { group.addTask { await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
    }

    @Test func revokingTakesTheChildrenAlong() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("maker", "path \"auth/token/create\" { capabilities = [\"create\", \"update\"] }")
        let parent = try await server.token(["maker"])
        let child = await server.ask(.update, "auth/token/create", [:], token: parent).issued?.clientToken ?? ""
        let grandchild = await server.ask(.update, "auth/token/create", [:], token: child).issued?.clientToken ?? ""
        #expect(await server.ask(.read, "auth/token/lookup-self", token: grandchild).isSuccess)
        #expect(await server.ask(.update, "auth/token/revoke", ["token": .string(parent)]).isSuccess)
        for token in [parent, child, grandchild] {
            #expect(await server.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
        }
    }

    @Test func revokeOrphanLetsTheChildrenLive() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("maker", "path \"auth/token/create\" { capabilities = [\"create\", \"update\"] }")
        let parent = try await server.token(["maker"])
        let child = await server.ask(.update, "auth/token/create", [:], token: parent).issued?.clientToken ?? ""
        #expect(await server.ask(.update, "auth/token/revoke-orphan", ["token": .string(parent)]).isSuccess)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: child).data?["orphan"] == true)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: parent).code == .permissionDenied)
    }

    @Test func anExpiredParentTakesItsChildrenAlong() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("maker", "path \"auth/token/create\" { capabilities = [\"create\", \"update\"] }")
        let parent = try await server.token(["maker"], ["ttl": "10s"])
        let child = await server.ask(.update, "auth/token/create", ["ttl": "1h"], token: parent).issued?.clientToken ?? ""
        server.time.advance(seconds: 11)
        await server.core.runJobs(round: 0)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: child).code == .permissionDenied)
    }

    @Test func aRevocationCutShortIsFinishedAtTheNextStart() async throws {
        // Fails at every commit in turn: wherever it stopped, after a restart nothing below the parent is left.
        for failing in 1...8 {
            let storage = FailingStorage(MemoryStorage())
            let server = try await CoreHarness.make(storage: storage)
            await server.writePolicy("maker", "path \"auth/token/create\" { capabilities = [\"create\", \"update\"] }")
            let parent = try await server.token(["maker"])
            var below: [String] = []
            for _ in 0..<3 {
                below.append(await server.ask(.update, "auth/token/create", [:], token: parent).issued?.clientToken ?? "")
            }
            storage.failCommits(from: failing)
            let revoked = await server.ask(.update, "auth/token/revoke", ["token": .string(parent)])
            storage.heal()
            let again = try await server.restarted()
            let parentIsGone = await again.ask(.read, "auth/token/lookup-self", token: parent).code == .permissionDenied
            if revoked.isSuccess { #expect(parentIsGone) }
            for token in below {
                let childIsGone = await again.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied
                #expect(childIsGone == parentIsGone)
            }
        }
    }

    @Test func aChildCannotHaveMoreThanItsParent() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("maker", "path \"auth/token/create*\" { capabilities = [\"create\", \"update\"] }")
        let token = try await server.token(["maker"])
        for body in [
            ["policies": ["other"]], ["policies": ["root"]], ["no_parent": true], ["id": "chosen"], ["period": "1h"],
        ] as [JSONObject] {
            #expect(await server.ask(.update, "auth/token/create", body, token: token).code == .invalidRequest, "\(body.keys)")
        }
        #expect(await server.ask(.update, "auth/token/create-orphan", [:], token: token).code == .permissionDenied)
    }

    @Test(arguments: ["ROOT", "Root", " root", "ｒｏｏｔ", "root ", "../root", "ROOT\u{0}"]) func noSpellingOfRootSlipsThrough(
        name: String
    ) async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("maker", "path \"auth/token/*\" { capabilities = [\"create\", \"update\", \"sudo\"] }")
        let token = try await server.token(["maker"])
        let answer = await server.ask(.update, "auth/token/create", ["policies": [.string(name)]], token: token)
        #expect(answer.code == .invalidRequest)
    }

    @Test func anExpiringRootTokenMakesNoEndlessOne() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["root"], ["ttl": "1h"])
        #expect(await server.ask(.update, "auth/token/create", ["policies": ["root"]], token: token).code == .invalidRequest)
        #expect(await server.ask(.update, "auth/token/create", ["policies": ["root"], "ttl": "30m"], token: token).isSuccess)
    }

    @Test func boundAddressesAreKept() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "auth/token/roles/r", ["token_bound_cidrs": "10.0.0.0/8"])
        let token = await server.ask(.update, "auth/token/create/r", [:]).issued?.clientToken ?? ""
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token, from: "10.1.2.3").isSuccess)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token, from: "11.1.2.3").code == .permissionDenied)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token, from: "::ffff:10.9.9.9").isSuccess)
    }

    @Test func rolesBoundTheirTokens() async throws {
        let server = try await CoreHarness.make()
        await server.ask(
            .update, "auth/token/roles/r",
            [
                "allowed_policies": ["a", "b"], "orphan": true, "token_explicit_max_ttl": "1h", "path_suffix": "edge",
                "renewable": false,
            ])
        let made = await server.ask(.update, "auth/token/create/r", ["policies": ["a"], "ttl": "5h"])
        #expect(made.issued?.policies == ["a", "default"])
        #expect(made.issued?.leaseSeconds == 3600)
        #expect(made.issued?.isOrphan == true)
        #expect(made.issued?.isRenewable == false)
        #expect(await server.ask(.update, "auth/token/create/r", ["policies": ["c"]]).code == .invalidRequest)
        #expect(await server.ask(.update, "auth/token/create/nothing", [:]).code == .invalidRequest)
        #expect(await server.ask(.list, "auth/token/roles").data?["keys"] == ["r"])
        #expect(await server.ask(.delete, "auth/token/roles/r").isSuccess)
        #expect(await server.ask(.read, "auth/token/roles/r").code == .notFound)
    }

    @Test func accessorsNameTokensAndAreNoTokens() async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "auth/token/create", ["policies": ["default"]])
        let (token, accessor) = (answer.issued?.clientToken ?? "", answer.issued?.accessor ?? "")
        #expect(await server.ask(.read, "auth/token/lookup-self", token: accessor).code == .permissionDenied)
        let seen = await server.ask(.update, "auth/token/lookup-accessor", ["accessor": .string(accessor)])
        #expect(seen.data?["id"] == "")
        #expect(await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.contains(.string(accessor)) == true)
        #expect(await server.ask(.update, "auth/token/revoke-accessor", ["accessor": .string(accessor)]).isSuccess)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
        #expect(await server.ask(.update, "auth/token/lookup-accessor", ["accessor": .string(accessor)]).code == .invalidRequest)
    }

    @Test func aFailedLoginLeavesNoToken() async throws {
        let server = try await CoreHarness.make()
        let before = await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count
        await server.ask(.update, "auth/token/create", ["ttl": "-1"])
        await server.ask(.update, "auth/token/create", ["id": "has space"])
        #expect(await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count == before)
    }
}
