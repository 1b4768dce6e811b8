import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct MountTests {
    @Test func mountsTunesMovesAndUnmounts() async throws {
        let server = try await CoreHarness.make()
        #expect(
            await server.ask(.update, "sys/mounts/team/kv", ["type": "kv", "options": ["version": "1"], "description": "d"])
                .isSuccess)
        #expect(await server.ask(.update, "team/kv/a", ["k": "v"]).isSuccess)
        #expect(await server.ask(.update, "sys/mounts/team/kv/tune", ["default_lease_ttl": "2h"]).isSuccess)
        #expect(await server.ask(.read, "sys/mounts/team/kv/tune").data?["default_lease_ttl"] == 7200)
        let moved = await server.ask(.update, "sys/remount", ["from": "team/kv", "to": "other"])
        let id = moved.data?["migration_id"]?.stringValue ?? ""
        #expect(await server.ask(.read, "sys/remount/status/\(id)").data?["migration_info"]?["status"] == "success")
        #expect(await server.ask(.read, "other/a").data?["k"] == "v")
        #expect(await server.ask(.read, "team/kv/a").code == .notFound)
        #expect(await server.ask(.delete, "sys/mounts/other").isSuccess)
        #expect(await server.ask(.read, "other/a").code == .notFound)
    }

    @Test func unmountingLeavesNoRecordBehind() async throws {
        let storage = MemoryStorage()
        let server = try await CoreHarness.make(storage: storage)
        for index in 0..<20 { await server.ask(.update, "secret/data/a\(index)", ["data": ["k": "v"]]) }
        #expect(try await !storage.list(Listing(prefix: "mount/", isRecursive: true)).isEmpty)
        await server.ask(.delete, "sys/mounts/secret")
        #expect(try await storage.list(Listing(prefix: "mount/", isRecursive: true)).isEmpty)
        #expect(try await storage.list(Listing(prefix: "sys/unmounting/")).isEmpty)
    }

    @Test func anUnmountCutShortIsFinishedAtTheNextStart() async throws {
        let memory = MemoryStorage()
        let storage = FailingStorage(memory)
        let server = try await CoreHarness.make(storage: storage)
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        storage.failCommits(from: 2)
        await server.ask(.delete, "sys/mounts/secret")
        storage.heal()
        #expect(try await !memory.list(Listing(prefix: "mount/", isRecursive: true)).isEmpty)
        let again = try await server.restarted()
        #expect(try await memory.list(Listing(prefix: "mount/", isRecursive: true)).isEmpty)
        #expect(await again.ask(.read, "secret/data/a").code == .notFound)
    }

    @Test(arguments: ["sys", "auth/x", "sys/x", "identity", "cubbyhole", "secret", "secret/inner", "a*", "+"])
    func refusesToMountWhereSomethingElseIs(path: String) async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.update, "sys/mounts/\(path)", ["type": "kv"]).code == .invalidRequest)
    }

    @Test("refuses settings of a mount that do not exist", arguments: ["max_lease_tll", "", "Token_Type"])
    func unknownSettings(name: String) async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "sys/mounts/x", ["type": "kv", "config": .object([name: "1h"])])
        #expect(answer.code == .invalidRequest)
        #expect(await server.ask(.read, "sys/mounts/x").code == .invalidRequest)
        let known: JSON = ["max_lease_ttl": "1h", "plugin_name": "kv", "listing_visibility": ""]
        #expect(await server.ask(.update, "sys/mounts/x", ["type": "kv", "config": known]).isSuccess)
    }

    @Test("warns of options that an engine does not read")
    func unreadOptions() async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "sys/mounts/x", ["type": "kv", "options": ["version": "2", "versoin": "1"]])
        #expect(answer.response?.warnings == ["The kv engine does not read these options: [versoin]"])
    }

    @Test(
        "takes a token type only where tokens are given",
        arguments: [
            ("sys/auth/a", "batch", true), ("sys/auth/a", "default-service", true), ("sys/auth/a", "", true),
            ("sys/auth/a", "token", false), ("sys/auth/a", "Batch", false), ("sys/mounts/a", "service", false),
            ("sys/mounts/a", "", true),
        ])
    func tokenType(path: String, type: String, isAccepted: Bool) async throws {
        let server = try await CoreHarness.make()
        let engine: JSON = path.hasPrefix("sys/auth") ? "approle" : "kv"
        let made = await server.ask(.update, path, ["type": engine, "config": ["token_type": .string(type)]])
        #expect(made.isSuccess == isAccepted)
        if !isAccepted { #expect(await server.ask(.update, path, ["type": engine]).isSuccess) }
        #expect(await server.ask(.update, path + "/tune", ["token_type": .string(type)]).isSuccess == isAccepted)
    }

    @Test func refusesATokenTypeForTheTokenMethod() async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.update, "sys/auth/token/tune", ["token_type": "batch"]).code == .invalidRequest)
    }

    @Test func refusesUnknownTypesAndOptions() async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.update, "sys/mounts/x", ["type": "nonsense"]).code == .invalidRequest)
        #expect(await server.ask(.update, "sys/mounts/x", ["type": "kv", "options": ["version": "9"]]).code == .invalidRequest)
        #expect(await server.ask(.update, "sys/mounts/x", [:]).code == .invalidRequest)
        #expect(
            await server.ask(.update, "sys/mounts/x", ["type": "kv", "default_lease_ttl": "99999h", "max_lease_ttl": "1h"]).code
                == .invalidRequest)
    }

    @Test(arguments: ["sys", "auth/token"]) func theServersOwnMountsStay(path: String) async throws {
        let server = try await CoreHarness.make()
        let root = path.hasPrefix("auth/") ? "sys/auth/token" : "sys/mounts/\(path)"
        #expect(await server.ask(.delete, root).code == .invalidRequest)
    }

    @Test func saysAMountIsGoneInTheWordsThatClientsKnow() async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.read, "sys/mounts/none").error?.messages == ["No secret engine mount at none/"])
        #expect(await server.ask(.read, "sys/auth/none").error?.messages == ["No auth engine mount at none/"])
    }

    @Test func thePreflightAnswersAlikeForUnknownAndForbiddenMounts() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"])
        let forbidden = await server.ask(.read, "sys/internal/ui/mounts/secret", token: token)
        let unknown = await server.ask(.read, "sys/internal/ui/mounts/nothing", token: token)
        #expect(forbidden.code == .permissionDenied)
        #expect(unknown.code == .permissionDenied)
        #expect(forbidden.error?.messages.first?.contains("access to path \"secret/\"") == true)
        let seen = await server.ask(.read, "sys/internal/ui/mounts/secret/foo/bar")
        #expect(seen.data?["path"] == "secret/")
        #expect(seen.data?["options"]?["version"] == "2")
    }

    @Test func aNewMountIsNotCoveredByAPolicyThatDoesNotMatchIt() async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("p", "path \"secret/*\" { capabilities = [\"read\"] }")
        let token = try await server.token(["p"])
        await server.ask(.update, "sys/mounts/secrets-of-others", ["type": "kv"])
        await server.ask(.update, "secrets-of-others/a", ["k": "v"])
        #expect(await server.ask(.read, "secrets-of-others/a", token: token).code == .permissionDenied)
    }
}
