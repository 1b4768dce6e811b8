import EngineKit
import Syntax
import TestSupport
import Testing

@testable import UserAPI

@Suite("Values for services, and what a user sees of them")
struct ResolveTests {
    private typealias Harness = UserAPIHarness

    private func service(_ server: UserAPIHarness, _ policy: String) async throws -> String {
        await server.root(.update, "sys/policies/acl/nodes", ["policy": .string(policy)])
        let made = await server.root(.update, "auth/token/create", ["policies": ["nodes"]])
        return "Bearer " + (try #require(made["client_token"]?.stringValue))
    }

    private static let all = #"path "user-secrets/+/resolve" { capabilities = ["update"] }"#

    @Test("are given to a service on behalf of a user, one and many")
    func resolved() async throws {
        let server = try await Harness()
        let made = await server.store()
        let nodes = try await service(server, Self.all)
        let user: JSON = .string(Harness.alice)
        let one = await server.ask(
            "POST", "/api/v1/resolve", ["user_id": user, "provider": "openai", "secret_type": "api_key", "workflow_id": "w"],
            bearer: nodes)
        #expect(
            one.status == 200 && one["value"] == "sk-canary-0123456789abcd" && one["source"] == "user" && one["id"] == made["id"])
        let many = await server.ask(
            "POST", "/api/v1/resolve",
            [
                "items": [
                    ["user_id": user, "secret_id": made["id"] ?? .null],
                    ["user_id": .string(Harness.bob), "secret_id": made["id"] ?? .null],
                ]
            ],
            bearer: nodes)
        let results = try #require(many["results"]?.arrayValue)
        #expect(
            results[0]["value"] == "sk-canary-0123456789abcd" && results[1]["code"] == "not_found" && results[1]["value"] == nil)
        _ = await server.ask("PUT", "/api/v1/secrets/\(made["id"]?.stringValue ?? "")", ["is_active": false])
        let off = await server.ask("POST", "/api/v1/resolve", ["user_id": user, "secret_id": made["id"] ?? .null], bearer: nodes)
        #expect(off.status == 409 && off["code"] == "inactive" && !off.text.contains("canary"))
    }

    @Test("are given to nobody else: users, strangers, and services without the policy")
    func refused() async throws {
        let server = try await Harness()
        await server.store()
        let body: JSON = ["user_id": .string(Harness.alice), "provider": "openai", "secret_type": "api_key"]
        #expect(await server.ask("POST", "/api/v1/resolve", body).status == 403)
        #expect(await server.ask("POST", "/api/v1/resolve", body, bearer: "Bearer hvs.none").status == 401)
        #expect(await server.ask("POST", "/api/v1/resolve", body, bearer: nil).status == 401)
        let other = try await service(server, #"path "user-secrets/someone/resolve" { capabilities = ["update"] }"#)
        let denied = await server.ask("POST", "/api/v1/resolve", body, bearer: other)
        #expect(denied.status == 403 && !denied.text.contains("canary"))
        let nodes = try await service(server, Self.all)
        for wrong: JSON in [[:], ["user_id": "+"], ["user_id": "*"], ["user_id": 5], ["items": []], ["items": [5]], []] {
            #expect(await server.ask("POST", "/api/v1/resolve", wrong, bearer: nodes).status == 422, "\(wrong)")
        }
    }

    @Test("have versions, a trash, an access log and bulk changes that are the user's own")
    func overview() async throws {
        let server = try await Harness()
        let id = try #require(await server.store()["id"]?.stringValue)
        _ = await server.ask("PUT", "/api/v1/secrets/\(id)", ["value": "second"])
        let versions = await server.ask("GET", "/api/v1/me/secrets/\(id)/versions")
        #expect(versions["versions"]?.arrayValue?.count == 2 && !versions.text.contains("canary"))
        #expect(await server.ask("POST", "/api/v1/me/secrets/\(id)/restore", ["version": 1]).status == 200)
        #expect(await server.ask("GET", "/api/v1/secrets/\(id)?decrypt=1")["value"] == "sk-canary-0123456789abcd")
        let log = await server.ask("GET", "/api/v1/me/access?action=reveal")
        #expect(log["entries"]?.arrayValue?.count == 1, "\(log.text)")
        #expect(await server.ask("POST", "/api/v1/me/bulk", ["action": "tag", "ids": [.string(id)], "tags": ["x"]]).status == 200)
        #expect(await server.ask("GET", "/api/v1/me/secrets/\(id)")["tags"] == ["x"])
        for (method, path, body) in [
            ("GET", "/api/v1/me/secrets/\(id)", nil), ("GET", "/api/v1/me/secrets/\(id)/versions", nil),
            ("POST", "/api/v1/me/secrets/\(id)/restore", ["version": 1]), ("DELETE", "/api/v1/me/trash/\(id)", nil),
            ("POST", "/api/v1/me/trash/\(id)/restore", [:]),
        ] as [(String, String, JSON?)] {
            #expect(await server.ask(method, path, body, as: Harness.bob).status == 404, "\(method) \(path)")
        }
        #expect(await server.ask("DELETE", "/api/v1/secrets/\(id)").status == 204)
        #expect(await server.ask("GET", "/api/v1/me/trash")["secrets"]?.arrayValue?.count == 1)
        #expect(await server.ask("GET", "/api/v1/me/trash", as: Harness.bob)["secrets"] == [])
        #expect(await server.ask("POST", "/api/v1/me/trash/\(id)/restore", [:]).status == 200)
        #expect(await server.ask("GET", "/api/v1/secrets/\(id)").status == 200)
    }
}
