import Capabilities
import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("A narrowed token") struct NarrowedTokenTests {
    private func narrowed(_ parent: String, _ caveats: Caveat...) throws -> String {
        var token = CapabilityToken(parent: parent)
        for caveat in caveats { token = try CapabilityToken(narrowing: token, by: caveat) }
        return token.text
    }

    private func counter(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }

    // MARK: Of what it can be made

    @Test("cannot be made of a wrapping token, whose answer is still had once and by one")
    func wrappingTokens() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        for caveats in [[], [Caveat.paths(["cubbyhole/response"])], [.operations(["read"])]] {
            let info = try #require(await server.ask(.read, "secret/data/a", wrapTTL: 60).wrapInfo)
            var capability = CapabilityToken(parent: info.token)
            for caveat in caveats { capability = try CapabilityToken(narrowing: capability, by: caveat) }
            for (operation, path) in [
                (EngineKit.Operation.read, "cubbyhole/response"), (.update, "sys/wrapping/unwrap"),
                (.update, "sys/wrapping/rewrap"),
                (.list, "cubbyhole/"), (.read, "auth/token/lookup-self"), (.update, "sys/capabilities-self"),
            ] {
                let answer = await server.ask(operation, path, token: capability.text)
                #expect(!answer.isSuccess && answer.data == nil, "\(operation) \(path)")
            }
            let body: JSONObject = ["token": .string(capability.text)]
            for path in ["sys/wrapping/unwrap", "sys/wrapping/rewrap", "sys/wrapping/lookup"] {
                #expect(await server.ask(.update, path, body).code == .invalidRequest, "\(path)")
            }
            #expect(await server.ask(.update, "sys/wrapping/unwrap", token: info.token).data?["data"]?["k"] == "v")
            #expect(await server.ask(.update, "sys/wrapping/unwrap", token: info.token).code == .invalidRequest)
        }
    }

    @Test("of a token with bounded uses spends its parent's")
    func boundedUses() async throws {
        let server = try await CoreHarness.make()
        let parent = try await server.token(["default"], ["num_uses": 2])
        let token = try narrowed(parent, .operations(["read"]))
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: parent).code == .permissionDenied)
    }

    // MARK: What is told of it

    @Test("is told what is left of its rights, not what its parent has")
    func capabilities() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy(
            "w",
            "path \"secret/*\" { capabilities = [\"create\", \"read\", \"sudo\"] }\npath \"sys/capabilities-self\" { capabilities = [\"update\"] }"
        )
        let parents = [server.root, try await server.token(["w"])]
        for parent in parents {
            let token = try narrowed(
                parent, .paths(["secret/data/app/", "sys/capabilities-self"]), .operations(["read", "update"]))
            let paths: JSONObject = ["paths": ["secret/data/app/x", "secret/data/other", "secret/data/app"]]
            let told = await server.ask(.update, "sys/capabilities-self", paths, token: token).data
            let own: JSON = parent == server.root ? ["read", "sudo", "update"] : ["read", "sudo"]
            #expect(told?["secret/data/app/x"] == own)
            #expect(told?["secret/data/other"] == ["deny"] && told?["secret/data/app"] == ["deny"])
        }
    }

    @Test("is told of the mounts that it reaches alone, and of no policies of its parent")
    func mounts() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/mounts/other", ["type": "kv"])
        let token = try narrowed(
            server.root, .paths(["secret/data/app/", "sys/internal/ui/resultant-acl"]))
        let shown = await server.ask(.read, "sys/internal/ui/mounts", token: token).data
        #expect(shown?["secret"]?.objectValue?.keys.contains("secret/") == true)
        #expect(shown?["secret"]?.objectValue?.keys.contains("other/") == false)
        #expect(await server.ask(.read, "sys/internal/ui/mounts/secret/app", token: token).isSuccess)
        #expect(await server.ask(.read, "sys/internal/ui/mounts/other/x", token: token).code == .permissionDenied)
        #expect(await server.ask(.read, "sys/internal/ui/resultant-acl", token: token).code == .invalidRequest)
    }

    @Test("looks itself up with its own end, and as not renewable")
    func lookup() async throws {
        let server = try await CoreHarness.make()
        let parent = try await server.token(["default"], ["ttl": "1h"])
        let end = server.time.now().seconds + 100
        for (token, ttl) in [(try narrowed(parent, .expiry(end)), 100), (try narrowed(parent, .expiry(end + 99_999)), 3_600)] {
            let data = await server.ask(.read, "auth/token/lookup-self", token: token).data
            #expect(data?["ttl"] == .int(ttl) && data?["renewable"] == false && data?["narrowed"] == true)
        }
        let data = await server.ask(.read, "auth/token/lookup-self", token: try narrowed(server.root, .expiry(end))).data
        #expect(data?["ttl"] == 100)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: parent).data?["narrowed"] == nil)
    }

    // MARK: What it makes

    @Test("makes no lease that outlives it, and no renewal moves that end")
    func leases() async throws {
        let server = try await LeaseTests.server()
        let token = try narrowed(server.root, .expiry(server.time.now().seconds + 60))
        let lease = try await LeaseTests.lease(server, token: token)
        #expect(lease.seconds == 60)
        server.time.advance(seconds: 20)
        let renewed = await server.ask(.update, "sys/leases/renew", ["lease_id": .string(lease.id), "increment": 500])
        #expect(renewed.lease?.seconds == 40)
        server.time.advance(seconds: 40)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
    }

    @Test("makes no wrapping token that outlives it, neither by wrapping nor by exchanging one")
    func wrapping() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        let token = try narrowed(server.root, .expiry(server.time.now().seconds + 60))
        let info = try #require(await server.ask(.read, "secret/data/a", token: token, wrapTTL: 500).wrapInfo)
        #expect(info.ttl == 60)
        let short = try #require(await server.ask(.read, "secret/data/a", token: token, wrapTTL: 5).wrapInfo)
        #expect(short.ttl == 5)
        let whole = try #require(await server.ask(.read, "secret/data/a", wrapTTL: 500).wrapInfo)
        let body: JSONObject = ["token": .string(whole.token)]
        let again = try #require(await server.ask(.update, "sys/wrapping/rewrap", body, token: token).wrapInfo)
        server.time.advance(seconds: 60)
        for made in [info.token, again.token] {
            #expect(await server.ask(.update, "sys/wrapping/unwrap", token: made).code == .invalidRequest)
        }
    }

    @Test("makes no secret id that outlives it")
    func secretIDs() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/approle", ["type": "approle"])
        await server.ask(.update, "auth/approle/role/app", ["token_policies": "default"])
        let role = await server.ask(.read, "auth/approle/role/app/role-id").data?["role_id"] ?? .null
        let token = try narrowed(server.root, .expiry(server.time.now().seconds + 60))
        for body in [[:], ["ttl": "1h"], ["ttl": "30s"]] as [JSONObject] {
            let made = await server.ask(.update, "auth/approle/role/app/secret-id", body, token: token).data
            #expect(made?["secret_id_ttl"] == (body["ttl"] == "30s" ? 30 : 60))
            let login: JSONObject = ["role_id": role, "secret_id": made?["secret_id"] ?? .null]
            #expect(await server.ask(.update, "auth/approle/login", login, token: nil).isSuccess)
        }
        let last = await server.ask(.update, "auth/approle/role/app/secret-id", token: token).data?["secret_id"] ?? .null
        server.time.advance(seconds: 61)
        #expect(
            await server.ask(.update, "auth/approle/login", ["role_id": role, "secret_id": last], token: nil).code
                == .invalidRequest)
    }

    // MARK: What it uses up

    @Test("cannot use up the counters of those beside it, nor of those above")
    func counters() async throws {
        let server = try await CoreHarness.make()
        let handedOut = try CapabilityToken(
            narrowing: CapabilityToken(parent: server.root), by: .operations(["read", "list"]))
        let holder = try CapabilityToken(narrowing: handedOut, by: .uses(1_000_000, counter: counter(999_999)))
        func spend(_ token: CapabilityToken, _ number: Int) async throws -> Bool {
            let made = try CapabilityToken(narrowing: token, by: .uses(1, counter: counter(number)))
            return await server.ask(.read, "sys/mounts", token: made.text).isSuccess
        }
        var spent = 0
        for number in 0..<1_000 {
            guard try await spend(holder, number) else { break }
            spent += 1
        }
        #expect(spent < 250)
        // One from the same hand, one from the hand above, and one of the first holder's.
        #expect(try await spend(handedOut, 2_000))
        #expect(try await spend(CapabilityToken(narrowing: handedOut, by: .paths(["sys/"])), 2_001))
        #expect(try await spend(CapabilityToken(parent: server.root), 2_002))
        #expect(try await spend(CapabilityToken(narrowing: CapabilityToken(parent: server.root), by: .paths(["sys/"])), 2_003))
    }
}
