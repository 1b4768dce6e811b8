import Core
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

@Suite struct WrappingTests {
    private func wrapped(_ server: CoreHarness, ttl: Int = 60) async throws -> WrapInfo {
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        return try #require(await server.ask(.read, "secret/data/a", wrapTTL: ttl).wrapInfo)
    }

    private func unwrap(_ server: CoreHarness, _ token: String) async -> CoreHarness.Answer {
        await server.ask(.update, "sys/wrapping/unwrap", token: token)
    }

    @Test func aWrappedAnswerHoldsNothingAndIsTakenOnce() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v", "n": .number("1.0")]])
        let answer = await server.ask(.read, "secret/data/a", wrapTTL: 60)
        #expect(answer.data == nil)
        let info = try #require(answer.wrapInfo)
        #expect(info.ttl == 60)
        #expect(info.creationPath == "secret/data/a")
        #expect(info.wrappedAccessor == nil)
        let first = await unwrap(server, info.token)
        #expect(first.data?["data"] == ["k": "v", "n": .number("1.0")])
        let second = await unwrap(server, info.token)
        #expect(second.error?.messages == ["wrapping token is not valid or does not exist"])
        #expect(second.code == .invalidRequest)
    }

    @Test func anotherTokenMayUnwrapWhenItsPolicyAllows() async throws {
        let server = try await CoreHarness.make()
        let info = try await wrapped(server)
        let none = try await server.token(["nothing"], ["no_default_policy": true])
        let body: JSONObject = ["token": .string(info.token)]
        #expect(await server.ask(.update, "sys/wrapping/unwrap", body, token: none).code == .permissionDenied)
        #expect(await server.ask(.update, "sys/wrapping/unwrap", body, token: nil).code == .permissionDenied)
        let usual = try await server.token(["default"])
        #expect(await server.ask(.update, "sys/wrapping/unwrap", body, token: usual).data?["data"]?["k"] == "v")
        #expect(await server.ask(.update, "sys/wrapping/unwrap", body, token: usual).code == .invalidRequest)
    }

    @Test func exactlyOneOfManyUnwrapsWins() async throws {
        let server = try await CoreHarness.make()
        for _ in 0..<10 {
            let info = try await wrapped(server)
            let wins = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        if index % 2 == 0 { return await server.ask(.update, "sys/wrapping/unwrap", token: info.token).isSuccess }
                        let body: JSONObject = ["token": .string(info.token)]
                        return await server.ask(.update, "sys/wrapping/unwrap", body).isSuccess
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
    }

    @Test func lookingUpRevealsWhereItCameFromAndConsumesNothing() async throws {
        let server = try await CoreHarness.make()
        let info = try await wrapped(server)
        for _ in 0..<3 {
            let own = await server.ask(.read, "sys/wrapping/lookup", token: info.token)
            #expect(own.data?["creation_path"] == "secret/data/a")
            #expect(own.data?["creation_ttl"] == 60)
            #expect(own.data?.keys.sorted() == ["creation_path", "creation_time", "creation_ttl"])
            let other = await server.ask(.update, "sys/wrapping/lookup", ["token": .string(info.token)], token: nil)
            #expect(other.data == own.data)
        }
        #expect(await unwrap(server, info.token).isSuccess)
        #expect(await server.ask(.update, "sys/wrapping/lookup", ["token": .string(info.token)]).code == .invalidRequest)
    }

    @Test func onlyWrappingTokensAreLookedUpAndUnwrapped() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"])
        for path in ["sys/wrapping/lookup", "sys/wrapping/unwrap", "sys/wrapping/rewrap"] {
            #expect(await server.ask(.update, path, ["token": .string(token)]).code == .invalidRequest)
            #expect(await server.ask(.update, path).code == .invalidRequest)
        }
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
    }

    @Test(arguments: [
        (EngineKit.Operation.read, "secret/data/a"), (.read, "auth/token/lookup-self"), (.update, "auth/token/create"),
        (.update, "auth/token/renew-self"), (.update, "auth/token/revoke-self"), (.update, "sys/wrapping/wrap"),
        (.read, "cubbyhole/other"), (.update, "cubbyhole/response"), (.list, "cubbyhole/"),
        (.read, "sys/internal/ui/resultant-acl"),
    ]) func aWrappingTokenDoesNothingElseAndIsSpentByTrying(operation: EngineKit.Operation, path: String) async throws {
        let server = try await CoreHarness.make()
        let info = try await wrapped(server)
        #expect(await server.ask(operation, path, ["x": "y"], token: info.token).code == .permissionDenied)
        // Whoever it was meant for notices.
        #expect(await unwrap(server, info.token).error?.messages == ["wrapping token is not valid or does not exist"])
    }

    @Test func expiresAndLeavesNothing() async throws {
        let storage = MemoryStorage()
        let server = try await CoreHarness.make(storage: storage)
        let info = try await wrapped(server, ttl: 10)
        server.time.advance(seconds: 10)
        #expect(await unwrap(server, info.token).code == .invalidRequest)
        #expect(await server.ask(.update, "sys/wrapping/lookup", ["token": .string(info.token)]).code == .invalidRequest)
        #expect(try await !storage.list(Listing(prefix: "sys/token/cubby/", isRecursive: true)).isEmpty)
        await server.core.runJobs(round: 1)
        #expect(try await storage.list(Listing(prefix: "sys/token/cubby/", isRecursive: true)).isEmpty)
    }

    @Test func wrapsGivenData() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"])
        #expect(await server.ask(.update, "sys/wrapping/wrap", ["a": 1], token: token).code == .invalidRequest)
        let info = try #require(await server.ask(.update, "sys/wrapping/wrap", ["a": 1], token: token, wrapTTL: 30).wrapInfo)
        #expect(await unwrap(server, info.token).data == ["a": 1])
    }

    @Test func rewrappingMovesTheAnswerToANewToken() async throws {
        let server = try await CoreHarness.make()
        let info = try await wrapped(server)
        server.time.advance(seconds: 30)
        let again = try #require(await server.ask(.update, "sys/wrapping/rewrap", ["token": .string(info.token)]).wrapInfo)
        #expect(again.token != info.token)
        #expect(again.creationPath == "secret/data/a")
        #expect(again.ttl == 60)
        #expect(await unwrap(server, info.token).code == .invalidRequest)
        #expect(await unwrap(server, again.token).data?["data"]?["k"] == "v")
    }

    @Test func aWrappedTokenIsNamedByItsAccessor() async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "auth/token/create", ["policies": ["default"]], wrapTTL: 60)
        #expect(answer.issued == nil)
        let info = try #require(answer.wrapInfo)
        let issued = try #require(await unwrap(server, info.token).issued)
        #expect(issued.accessor == info.wrappedAccessor)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: issued.clientToken).isSuccess)
    }

    @Test func aLoginCanBeWrapped() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        await server.ask(.update, "auth/userpass/users/bob", ["password": "pw"])
        let answer = await server.ask(.update, "auth/userpass/login/bob", ["password": "pw"], token: nil, wrapTTL: 60)
        #expect(answer.issued == nil)
        let info = try #require(answer.wrapInfo)
        #expect(info.creationPath == "auth/userpass/login/bob")
        let issued = try #require(await unwrap(server, info.token).issued)
        #expect(issued.accessor == info.wrappedAccessor)
        #expect(issued.metadata == ["username": "bob"])
        #expect(await server.ask(.read, "auth/token/lookup-self", token: issued.clientToken).isSuccess)
        let failed = await server.ask(.update, "auth/userpass/login/bob", ["password": "no"], token: nil, wrapTTL: 60)
        #expect(failed.wrapInfo == nil && !failed.isSuccess)
    }

    @Test func aWrappingTokenMayExchangeItself() async throws {
        let server = try await CoreHarness.make()
        let info = try await wrapped(server)
        let again = try #require(await server.ask(.update, "sys/wrapping/rewrap", token: info.token).wrapInfo)
        #expect(await unwrap(server, info.token).code == .invalidRequest)
        #expect(await unwrap(server, again.token).data?["data"]?["k"] == "v")
    }

    @Test(arguments: [
        (EngineKit.Operation.read, "secret/data/a"), (.list, "secret/metadata"), (.read, "sys/mounts"),
        (.update, "sys/capabilities-self"), (.read, "auth/token/lookup-self"), (.read, "sys/policies/acl/default"),
        (.update, "sys/leases/lookup"),
    ]) func everyRouteCanBeWrapped(operation: EngineKit.Operation, path: String) async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        let token = try await server.token(["default"])
        let keys = await server.ask(.list, "sys/leases/lookup/auth/token/create").data?["keys"]?.arrayValue
        let lease = "auth/token/create/\(keys?.first?.stringValue ?? "")"
        let body: JSONObject? = operation == .update ? ["paths": ["secret/data/a"], "lease_id": .string(lease)] : nil
        let plain = await server.ask(operation, path, body)
        let info = try #require(await server.ask(operation, path, body, wrapTTL: 60).wrapInfo)
        #expect(await unwrap(server, info.token).data == plain.data)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
    }

    @Test func theFirstClientsReadItFromTheCubbyhole() async throws {
        let server = try await CoreHarness.make()
        let info = try await wrapped(server)
        let text = await server.ask(.read, "cubbyhole/response", token: info.token).data?["response"]?.stringValue ?? ""
        #expect(try JSON(parsing: Array(text.utf8))["data"]?["data"]?["k"] == "v")
        #expect(await unwrap(server, info.token).code == .invalidRequest)
    }

    @Test func boundsOfThePolicyHold() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        await server.writePolicy(
            "w", "path \"secret/data/a\" { capabilities = [\"read\"] min_wrapping_ttl = \"10s\" max_wrapping_ttl = \"60s\" }")
        let token = try await server.token(["w"])
        for ttl in [nil, 9, 61] {
            #expect(await server.ask(.read, "secret/data/a", token: token, wrapTTL: ttl).code == .permissionDenied)
        }
        #expect(await server.ask(.read, "secret/data/a", token: token, wrapTTL: 10).wrapInfo != nil)
    }

    @Test(arguments: ["response-wrapping", "Response-Wrapping"]) func nobodyIsGivenTheWrappingPolicy(name: String) async throws {
        let server = try await CoreHarness.make()
        let text: JSONObject = ["policy": "path \"*\" { capabilities = [\"read\"] }"]
        #expect(await server.ask(.update, "auth/token/create", ["policies": [.string(name)]]).code == .invalidRequest)
        #expect(await server.ask(.update, "sys/policies/acl/\(name)", text).code == .invalidRequest)
        #expect(await server.ask(.delete, "sys/policies/acl/\(name)").code == .invalidRequest)
    }

    @Test func anAnswerThatIsOnNoRecordIsDestroyed() async throws {
        let directory = try TemporaryDirectory()
        let storage = MemoryStorage()
        let server = try await CoreHarness.audited(in: directory.path, storage: storage)
        await server.ask(.update, "sys/mounts/test", ["type": "test"])
        server.engine.set { $0.duringRead = { fill(directory.file("audit.log")) } }
        let tokens = try await storage.list(Listing(prefix: "sys/token/id/")).count
        let answer = await server.ask(.read, "test/creds/a", wrapTTL: 60)
        #expect(answer.code == .internal)
        #expect(try await storage.list(Listing(prefix: "sys/token/cubby/", isRecursive: true)).isEmpty)
        #expect(try await storage.list(Listing(prefix: "sys/token/id/")).count == tokens)
        await server.core.runLeaseJobs()
        #expect(server.engine.alive.isEmpty)
    }

    @Test(arguments: [nil, 60]) func aTokenThatIsOnNoRecordIsRevoked(wrapTTL: Int?) async throws {
        let directory = try TemporaryDirectory()
        var settings = CoreSettings()
        settings.auditDirectories = [directory.path]
        let storage = MemoryStorage()
        let server = try await CoreHarness.make(storage: storage, settings: settings)
        await server.ask(.update, "sys/mounts/test", ["type": "test"])
        #expect(await server.ask(.update, "test/login").issued != nil)
        let tokens = try await storage.list(Listing(prefix: "sys/token/id/")).count
        let file = directory.file("audit.log")
        #expect(await server.ask(.update, "sys/audit/file", ["type": "file", "options": ["file_path": .string(file)]]).isSuccess)
        server.engine.set { $0.duringRead = { fill(file) } }
        #expect(await server.ask(.update, "test/login", wrapTTL: wrapTTL).code == .internal)
        #expect(try await storage.list(Listing(prefix: "sys/token/id/")).count == tokens)
    }

    @Test func theAuditShowsTheWrappingTokenAsAHashAlone() async throws {
        let directory = try TemporaryDirectory()
        let server = try await CoreHarness.audited(in: directory.path)
        let info = try await wrapped(server)
        _ = await unwrap(server, info.token)
        let text = try String(contentsOfFile: directory.file("audit.log"), encoding: .utf8)
        #expect(text.contains("\"wrap_info\""))
        #expect(text.contains("\"creation_path\":\"secret/data/a\""))
        #expect(!text.contains(info.token))
    }
}

/// Lets the next write to a file of this process fail as on a full disk.
private func fill(_ path: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")) == path,
            let number = Int32(name)
        else { continue }
        let full = open("/dev/full", O_WRONLY)
        dup2(full, number)
        close(full)
    }
}
