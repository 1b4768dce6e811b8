import Capabilities
import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Capability tokens in the pipeline") struct CapabilityTests {
    private func narrowed(_ parent: String, _ caveats: Caveat...) throws -> String {
        var token = CapabilityToken(parent: parent)
        for caveat in caveats { token = try CapabilityToken(narrowing: token, by: caveat) }
        return token.text
    }

    @Test("one that may only update does not create, and one that may only create does not update")
    func createIsNotUpdate() async throws {
        let server = try await CoreHarness.make()
        for parent in [server.root, try await writer(server)] {
            let updates = try narrowed(parent, .operations(["update"]))
            let creates = try narrowed(parent, .operations(["create"]))
            let path = "secret/data/app/\(parent.count)"
            #expect(await server.ask(.update, path, ["data": ["k": "1"]], token: updates).code == .permissionDenied)
            #expect(await server.ask(.update, path, ["data": ["k": "2"]], token: creates).isSuccess)
            #expect(await server.ask(.update, path, ["data": ["k": "3"]], token: creates).code == .permissionDenied)
            #expect(await server.ask(.update, path, ["data": ["k": "4"]], token: updates).isSuccess)
            #expect(await server.ask(.read, path).data?["data"]?["k"] == "4")
        }
    }

    private func writer(_ server: CoreHarness) async throws -> String {
        await server.writePolicy("w", "path \"secret/*\" { capabilities = [\"create\", \"update\", \"read\", \"list\"] }")
        return try await server.token(["w"])
    }

    @Test("a recursive listing goes no further than the limits")
    func descent() async throws {
        let server = try await CoreHarness.make()
        for path in ["a/x", "a/b/y", "a/c/z"] { await server.ask(.update, "secret/data/\(path)", ["data": ["k": "v"]]) }
        let token = try narrowed(server.root, .paths(["secret/metadata/a", "secret/metadata/a/b/", "secret/metadata/a/"]))
        let listed = await server.ask(.list, "secret/metadata/a", token: token, query: [("recursive", "true")])
        #expect(listed.data?["keys"] == ["b/y", "c/z", "x"])
        #expect(await server.ask(.list, "secret/metadata", token: token, query: [("recursive", "true")]).code == .permissionDenied)
    }

    @Test("the last moment that a token can name is a limit like any other", arguments: [1, Caveat.expiryMax])
    func faraway(_ seconds: Int) async throws {
        let server = try await CoreHarness.make()
        let token = try narrowed(server.root, .expiry(seconds), .uses(1, counter: String(repeating: "0", count: 32)))
        #expect(await server.ask(.read, "sys/mounts", token: token).isSuccess == (seconds != 1))
        #expect(await server.ask(.read, "sys/mounts", token: token).code == .permissionDenied)
    }

    @Test("a request that the narrowest counter refuses spends none of those around it")
    func narrowestFirst() async throws {
        let server = try await CoreHarness.make()
        let (parent, wide) = (try await writer(server), Caveat.uses(4, counter: String(repeating: "a", count: 32)))
        let outer = try narrowed(parent, wide)
        let inner = try narrowed(parent, wide, .uses(2, counter: String(repeating: "b", count: 32)))
        func isLetIn(_ token: String) async -> Bool {
            await server.ask(.list, "secret/metadata", token: token).code != .permissionDenied
        }
        var letIn: [Bool] = []
        for _ in 0..<6 { letIn.append(await isLetIn(inner)) }
        #expect(letIn == [true, true, false, false, false, false])
        letIn = []
        for _ in 0..<3 { letIn.append(await isLetIn(outer)) }
        #expect(letIn == [true, true, false])
    }

    @Test("a narrowed token is no success to revoke, renew or look up", arguments: ["revoke", "revoke-orphan", "renew", "lookup"])
    func notByItself(_ path: String) async throws {
        let server = try await CoreHarness.make()
        let token = try narrowed(try await writer(server), .uses(9, counter: String(repeating: "a", count: 32)))
        let refused = await server.ask(.update, "auth/token/\(path)", ["token": .string(token)])
        #expect(refused.code == .invalidRequest && refused.error?.messages.first?.contains("narrowed token") == true)
        #expect(await server.ask(.list, "secret/metadata", token: token).code != .permissionDenied)
    }

    @Test("what a revoked parent's capabilities had spent is gone with it")
    func countersGo() async throws {
        let server = try await CoreHarness.make()
        let parent = try await writer(server)
        let token = try narrowed(parent, .uses(3, counter: String(repeating: "a", count: 32)))
        #expect(await server.ask(.list, "secret/metadata", token: token).code != .permissionDenied)
        func counters() async throws -> Int {
            try await server.storage.list(Listing(prefix: "sys/token/capability/", isRecursive: true)).count
        }
        #expect(try await counters() == 1)
        await server.ask(.update, "auth/token/revoke", ["token": .string(parent)])
        #expect(await server.ask(.list, "secret/metadata", token: token).code == .permissionDenied)
        #expect(try await counters() == 0)
    }
}
