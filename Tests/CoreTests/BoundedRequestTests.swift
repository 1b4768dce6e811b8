import Core
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

/// What a single request, or many small ones, may cost before anybody is known to be allowed to send them.
@Suite struct BoundedRequestTests {
    /// With a look through all members for each, these would take minutes.
    private static let many = 49_000

    @Test(arguments: ["sys/unseal", "secret/data/x"])
    func aDeletionWithAQueryIsReadInOnePass(path: String) async throws {
        let server = try await CoreHarness.make()
        let body = JSONObject((0..<Self.many).map { .init(key: "name-\($0)", value: 1) })
        let answer = await server.ask(.delete, path, body, token: nil, query: [("x", "1")])
        #expect(answer.code == (path == "sys/unseal" ? .methodNotAllowed : .permissionDenied))
    }

    @Test func aListOfPairsIsReadInOnePass() throws {
        let pairs = JSON.array((0..<Self.many).map { .string("name-\($0)=\($0)") } + ["name-7=again"])
        let map = try Fields(validating: ["m": pairs], as: [Field("m", .stringMap, "")]).stringMap("m")
        #expect(map?.count == Self.many && map?["name-7"] == "again" && map?["name-8"] == "8")
    }

    @Test func metadataIsCountedBeforeItIsRead() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/approle", ["type": "approle"])
        await server.ask(.update, "auth/approle/role/r")
        let lists: [JSON] = [
            .array(Array(repeating: "a=1", count: 65)), .string(String(repeating: "a=1,", count: 10_000)),
            .string(String(repeating: " ", count: 40_000) + "{}"),
        ]
        for list in lists {
            let answer = await server.ask(.update, "auth/approle/role/r/secret-id", ["metadata": list])
            #expect(answer.code == .invalidRequest && answer.error?.messages.first?.contains("'metadata'") == true)
        }
        #expect(await server.ask(.update, "auth/approle/role/r/secret-id", ["metadata": ["a=1", "b=2"]]).isSuccess)
    }

    @Test func theQuotasOwnPathsHaveASmallQuota() async throws {
        let server = try await CoreHarness.make()
        func passed(from address: String) async -> Int {
            var count = 0
            for _ in 0..<300 {
                let answer = await server.ask(.read, "sys/quotas/config", token: "unknown", from: address)
                if answer.code != .rateLimited { count += 1 }
            }
            return count
        }
        #expect(await passed(from: "192.0.2.1") == 300, "nothing is limited where there is no quota")
        #expect(await server.ask(.update, "sys/quotas/rate-limit/all", ["rate": 1_000]).isSuccess)
        #expect(await passed(from: "192.0.2.1") == 200)
        #expect(await passed(from: "192.0.2.2") == 200)
        server.time.advance(seconds: 1)
        #expect(await passed(from: "192.0.2.1") == 200)
        let exempt: JSONObject = ["rate_limit_exempt_paths": ["sys/quotas/"]]
        #expect(await server.ask(.update, "sys/quotas/config", exempt, from: "192.0.2.3").isSuccess)
        #expect(await passed(from: "192.0.2.2") == 300)
    }

    @Test func askingForALargeBodyIsCountedAsARequest() async throws {
        let server = try await CoreHarness.make()
        let client = Connection(remoteAddress: "192.0.2.1")
        #expect(try await server.core.knows(token: server.root, from: client))
        #expect(await server.ask(.update, "sys/quotas/rate-limit/all", ["rate": 2]).isSuccess)
        #expect(try await server.core.knows(token: server.root, from: client))
        #expect(try await !server.core.knows(token: "unknown", from: client))
        await #expect(throws: CofferError.self) { try await server.core.knows(token: "unknown", from: client) }
        #expect(await server.ask(.read, "sys/mounts", from: "192.0.2.1").code == .rateLimited)
    }

    // MARK: The same right by every way

    @Test func whatAHandlerAsksBesidesIsJudgedAsTheHandlerReadsIt() async throws {
        let server = try await CoreHarness.make()
        for path in ["a/x", "b/x"] { await server.ask(.update, "secret/data/\(path)", ["data": [:]]) }
        await server.writePolicy(
            "p",
            """
            path "secret/metadata/*" { capabilities = ["list"] }
            path "secret/metadata/b/*" { capabilities = ["list"]  denied_parameters = { recursive = [true] } }
            """)
        let token = try await server.token(["p"])
        for value in ["true", "1"] {
            let answer = await server.ask(.list, "secret/metadata/", token: token, query: [("recursive", value)])
            #expect(answer.data?["keys"] == ["a/x", "b/"])
        }
    }

    @Test(arguments: [
        "sys/rotate/root/init", "sys/rotate/recovery/init", "sys/generate-root-token/attempt", "sys/rekey/init",
        "sys/generate-root/attempt",
    ])
    func newSharesAndRootTokensNeedSudoUnderEveryName(path: String) async throws {
        let server = try await CoreHarness.make()
        await server.writePolicy("plain", #"path "sys/*" { capabilities = ["read", "update", "delete"] }"#)
        await server.writePolicy("sudo", #"path "sys/*" { capabilities = ["read", "update", "delete", "sudo"] }"#)
        let (plain, sudo) = (try await server.token(["plain"]), try await server.token(["sudo"]))
        #expect(await server.ask(.read, path, token: plain).code == .permissionDenied)
        #expect(await server.ask(.delete, path, token: plain).code == .permissionDenied)
        #expect(await server.ask(.read, path, token: sudo).code != .permissionDenied)
    }

    @Test func aWrappingTokenThatUnwrapsAnotherIsSpent() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        let first = try #require(await server.ask(.read, "secret/data/a", wrapTTL: 60).wrapInfo?.token)
        let second = try #require(await server.ask(.read, "secret/data/a", wrapTTL: 60).wrapInfo?.token)
        await server.ask(.update, "sys/wrapping/unwrap", ["token": .string(second)], token: first)
        #expect(await !server.ask(.update, "sys/wrapping/unwrap", token: first).isSuccess)
    }
}
