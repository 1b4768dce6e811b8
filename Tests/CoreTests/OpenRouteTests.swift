import Core
import EngineKit
import Foundation
import Syntax
import Testing

@Suite("Routes of a secrets engine that need no token")
struct OpenRouteTests {
    private func server(_ settings: CoreSettings = CoreSettings()) async throws -> CoreHarness {
        let server = try await CoreHarness.make(settings: settings, engines: [OpenEngine.description])
        #expect(await server.ask(.update, "sys/mounts/open", ["type": "open"]).isSuccess)
        return server
    }

    private func bytes(_ answer: CoreHarness.Answer) -> RawContent? {
        if case .raw(let content)? = answer.response?.body { content } else { nil }
    }

    @Test("answer anybody, whatever token comes along", arguments: [nil, "", "no-such-token"])
    func anybody(token: String?) async throws {
        let content = try await bytes(server().ask(.read, "open/ca", token: token))
        #expect(content?.bytes == [0x30, 0x00, 0xFF] && content?.contentType == "application/pkix-cert")
    }

    @Test("ask no policy, not even one that denies the path")
    func noPolicy() async throws {
        let server = try await server()
        await server.writePolicy("p", "path \"open/*\" { capabilities = [\"deny\"] }")
        let token = try await server.token(["p"])
        #expect(await bytes(server.ask(.read, "open/ca", token: token)) != nil)
        // A write whose existence check decides between creating and updating needs neither right.
        let answer = await server.ask(.update, "open/thing", [:], token: token)
        #expect(answer.data?["by"] == "update")
    }

    @Test("open no other route of the engine, and no help")
    func others() async throws {
        let server = try await server()
        #expect(await server.ask(.update, "open/upload/a", [:], token: nil).code == .permissionDenied)
        #expect(await server.ask(.help, "open/ca", token: nil).code == .permissionDenied)
        #expect(await server.ask(.delete, "open/ca", token: nil).code == .methodNotAllowed)
    }

    @Test("are closed while the server is sealed")
    func sealed() async throws {
        let server = try await server()
        await server.core.close()
        #expect(await server.ask(.read, "open/ca", token: nil).code == .sealed)
    }

    @Test("count for the quota of their path")
    func quota() async throws {
        let server = try await server()
        #expect(
            await server.ask(.update, "sys/quotas/rate-limit/q", ["path": "open/", "rate": 2, "interval": "1m"]).isSuccess)
        #expect(await server.ask(.read, "open/ca", token: nil).isSuccess)
        #expect(await server.ask(.read, "open/ca", token: nil).isSuccess)
        #expect(await server.ask(.read, "open/ca", token: nil).code == .rateLimited)
        #expect(await server.ask(.read, "open/ca", token: nil, from: "10.0.0.9").isSuccess)
    }

    @Test("lock a name that fails, by the mount's rules, until somebody frees it")
    func lockout() async throws {
        let server = try await server()
        #expect(
            await server.ask(.update, "sys/mounts/open/tune", ["user_lockout_config": ["lockout_threshold": "2"]]).isSuccess)
        func enter(_ secret: String) async -> CofferError.Code? {
            await server.ask(.update, "open/enter/ann", ["secret": .string(secret)], token: nil).code
        }
        #expect(await enter("open sesame") == nil)
        for _ in 0..<2 { #expect(await enter("wrong") == .permissionDenied) }
        #expect(await enter("open sesame") == .permissionDenied)
        let accessor = await server.ask(.read, "sys/mounts/open").data?["accessor"]?.stringValue ?? ""
        let locked = await server.ask(.read, "sys/locked-users", query: [("mount_accessor", accessor)]).data
        #expect(locked?["total"] == 1)
        #expect(await server.ask(.update, "sys/locked-users/\(accessor)/unlock/ann").isSuccess)
        #expect(await enter("open sesame") == nil)
        // An engine that locks nobody takes no such rules.
        #expect(
            await server.ask(.update, "sys/mounts/secret/tune", ["user_lockout_config": ["lockout_threshold": "2"]]).code
                == .invalidRequest)
    }

    @Test("are mounted by an alias of their type, which stands for options, and shown by the name for the API")
    func described() async throws {
        let server = try await server()
        #expect(await server.ask(.update, "sys/mounts/other", ["type": "opened", "options": ["by": "me", "x": "y"]]).isSuccess)
        let mount = await server.ask(.read, "sys/mounts/other").data
        #expect(mount?["type"] == "open" && mount?["options"]?["by"] == "an alias" && mount?["options"]?["x"] == "y")
        let document = await server.ask(.read, "sys/internal/specs/openapi").data
        let ca = document?["paths"]?["/other/ca"]
        #expect(ca?["get"]?["operationId"]?.stringValue?.hasPrefix("open-api-read-ca") == true)
        #expect(ca?["x-vault-unauthenticated"] == true)
        #expect(ca?["get"]?["responses"]?["200"]?["content"]?["application/pkix-cert"] != nil)
        let upload = document?["paths"]?["/other/upload/{name}"]?["post"]?["requestBody"]?["content"]
        #expect(upload?["application/octet-stream"]?["schema"]?["format"] == "binary")
    }
}
