import Core
import EngineKit
import Syntax
import Testing

@Suite struct PipelineTests {
    @Test func storesAndReadsASecret() async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.update, "secret/data/db", ["data": ["password": "p", "n": .number("1.0")]]).isSuccess)
        let answer = await server.ask(.read, "secret/data/db")
        #expect(answer.data?["data"]?["n"] == .number("1.0"))
    }

    @Test(arguments: ["secret/data/db", "nothing/here", "secret/nonsense", "sys/mounts", "sys/nothing"])
    func refusesACallerWithoutATokenAlikeWhateverExists(path: String) async throws {
        let server = try await CoreHarness.make()
        for token in [nil, "wrong", "coffer.s.wrong"] as [String?] {
            let answer = await server.ask(.read, path, token: token)
            #expect(answer.code == .permissionDenied)
            #expect(answer.error?.messages == ["permission denied"])
        }
    }

    @Test func refusesAnUnknownMountToThoseWhoMayNotKnow() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"])
        #expect(await server.ask(.read, "nothing/here", token: token).code == .permissionDenied)
        #expect(await server.ask(.read, "nothing/here").code == .notFound)
    }

    @Test(arguments: [
        "secret/data/../metadata/db", "secret/data/%2e%2e/db", "secret//data/db", "secret/data/%252e%252e/db", "secret/data/a%2fb",
        "secret/data/a%00b", "secret/data/a%0ab", "", "secret/data/./db", "secret/data/e%CC%81", "secret/data/%ff",
        "secret/%e2%80%8bdata/x",
    ])
    func refusesAPathThatCouldBeReadInTwoWays(path: String) async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.read, path).code == .invalidRequest)
    }

    @Test(arguments: ["{", "[]", "\"x\"", "{\"a\":1,\"a\":2}", "{\"data\":\u{1}}", "nul"])
    func refusesMalformedBodiesWithoutEchoingThem(body: String) async throws {
        let server = try await CoreHarness.make()
        var request = CoreRequest(id: "x", operation: .update, path: "secret/data/db", body: Array(body.utf8))
        request.credentials = .token(server.root)
        guard case .failure(let error) = await server.core.handle(request).outcome else { return #expect(Bool(false)) }
        #expect(error.code == .invalidRequest)
        #expect(!error.messages.joined().contains(body))
    }

    @Test func readsAMalformedBodyOnlyAfterTheCallerIsKnown() async throws {
        let server = try await CoreHarness.make()
        let request = CoreRequest(id: "x", operation: .update, path: "secret/data/db", body: Array("{".utf8))
        guard case .failure(let error) = await server.core.handle(request).outcome else { return #expect(Bool(false)) }
        #expect(error.code == .permissionDenied)
    }

    @Test func tellsCreateFromUpdate() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("creator", "path \"secret/data/*\" { capabilities = [\"create\"] }")
        await server.writePolicy("updater", "path \"secret/data/*\" { capabilities = [\"update\"] }")
        let (creator, updater) = (try await server.token(["creator"]), try await server.token(["updater"]))
        #expect(await server.ask(.update, "secret/data/a", ["data": [:]], token: updater).code == .permissionDenied)
        #expect(await server.ask(.update, "secret/data/a", ["data": [:]], token: creator).isSuccess)
        #expect(await server.ask(.update, "secret/data/a", ["data": [:]], token: creator).code == .permissionDenied)
        #expect(await server.ask(.update, "secret/data/a", ["data": [:]], token: updater).isSuccess)
    }

    @Test func deniesListThroughATrailingSlash() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/hidden/a", ["data": [:]])
        await server.writePolicy(
            "lister",
            "path \"secret/metadata/*\" { capabilities = [\"list\"] }\npath \"secret/metadata/hidden\" { capabilities = [\"deny\"] }"
        )
        let token = try await server.token(["lister"])
        #expect(await server.ask(.list, "secret/metadata/hidden/", token: token).code == .permissionDenied)
        #expect(await server.ask(.list, "secret/metadata/hidden", token: token).code == .permissionDenied)
        #expect(await server.ask(.list, "secret/metadata/", token: token).isSuccess)
    }

    @Test func aPolicyChangeCountsAtTheNextRequest() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("p", "path \"secret/data/*\" { capabilities = [\"create\", \"update\"] }")
        let token = try await server.token(["p"])
        #expect(await server.ask(.update, "secret/data/a", ["data": [:]], token: token).isSuccess)
        await server.writePolicy("p", "path \"secret/data/*\" { capabilities = [\"deny\"] }")
        #expect(await server.ask(.update, "secret/data/a", ["data": [:]], token: token).code == .permissionDenied)
        await server.ask(.delete, "sys/policies/acl/p")
        #expect(await server.ask(.update, "secret/data/a", ["data": [:]], token: token).code == .permissionDenied)
    }

    @Test func everyPathOfTheServerNeedsATokenUnlessItIsOnTheList() async throws {
        let server = try await CoreHarness.make()
        let open = ["sys/health", "sys/seal-status", "sys/leader", "sys/init"]
        for path in open { #expect(await server.ask(.read, path, token: nil).isSuccess, "\(path)") }
        let closed = [
            "sys/mounts", "sys/auth", "sys/policy", "sys/policies/acl/default", "sys/audit", "sys/key-status", "sys/ha-status",
            "sys/generate-root/attempt", "sys/rekey/init", "sys/rekey-recovery-key/init", "sys/internal/ui/resultant-acl",
            "sys/internal/ui/mounts/secret", "auth/token/lookup-self", "auth/token/roles/x", "sys/remount/status/x",
        ]
        for path in closed {
            #expect(await server.ask(.read, path, token: nil).code == .permissionDenied, "\(path)")
            // Where a path is open to all, what it does not do is no secret either.
            let refusal = path.hasPrefix("sys/internal/ui/mounts") ? CofferError.Code.methodNotAllowed : .permissionDenied
            #expect(await server.ask(.update, path, [:], token: nil).code == refusal, "\(path)")
        }
        for path in ["sys/rotate", "sys/seal", "sys/generate-root/update", "sys/rekey/update", "sys/step-down", "sys/remount"] {
            #expect(await server.ask(.update, path, ["key": "x", "nonce": "y"], token: nil).code == .permissionDenied, "\(path)")
        }
    }

    @Test func helpComesFromTheDeclaration() async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.help, "sys/mounts/x").data?["help"]?.stringValue?.contains("default_lease_ttl") == true)
        #expect(await server.ask(.help, "sys/mounts/x", token: nil).code == .permissionDenied)
    }

    @Test func namesIgnoredFieldsInAWarning() async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "secret/data/a", ["data": ["k": "v"], "nonsense": "value-of-nonsense"])
        #expect(answer.response?.warnings == ["Endpoint ignored these unrecognized parameters: [nonsense]"])
    }
}
