import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct LoginTests {
    private func server() async throws -> CoreHarness {
        let server = try await CoreHarness.make()
        await server.writePolicy("app", "path \"secret/data/app/*\" { capabilities = [\"read\"] }")
        await server.ask(.update, "secret/data/app/db", ["data": ["k": "v"]])
        await server.ask(.update, "secret/data/other", ["data": ["k": "v"]])
        #expect(await server.ask(.update, "sys/auth/approle", ["type": "approle"]).isSuccess)
        #expect(await server.ask(.update, "sys/auth/userpass", ["type": "userpass"]).isSuccess)
        return server
    }

    private func secretID(_ server: CoreHarness) async -> JSONObject {
        let role = await server.ask(.read, "auth/approle/role/app/role-id").data?["role_id"]
        let secret = await server.ask(.update, "auth/approle/role/app/secret-id").data?["secret_id"]
        return ["role_id": role ?? .null, "secret_id": secret ?? .null]
    }

    @Test func anAppRoleLoginYieldsATokenLimitedToItsPolicies() async throws {
        let server = try await server()
        let role: JSONObject = ["token_policies": "app", "secret_id_ttl": "24h", "token_ttl": "1h", "token_max_ttl": "24h"]
        #expect(await server.ask(.update, "auth/approle/role/app", role).isSuccess)
        let login = await secretID(server)
        let issued = try #require(await server.ask(.update, "auth/approle/login", login, token: nil).issued)
        #expect(issued.policies == ["app", "default"])
        #expect(issued.metadata == ["role_name": "app"])
        #expect(issued.leaseSeconds == 3600 && issued.isRenewable && issued.isOrphan)
        let token = issued.clientToken
        #expect(await server.ask(.read, "secret/data/app/db", token: token).data?["data"]?["k"] == "v")
        #expect(await server.ask(.read, "secret/data/other", token: token).code == .permissionDenied)
        #expect(await server.ask(.update, "auth/approle/role/app/secret-id", token: token).code == .permissionDenied)
        #expect(await server.ask(.read, "auth/approle/role/app", token: token).code == .permissionDenied)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).data?["display_name"] == "approle")
        server.time.advance(seconds: 3600)
        #expect(await server.ask(.read, "secret/data/app/db", token: token).code == .permissionDenied)
    }

    @Test func theTokenOfABoundRoleIsGoodOnlyThere() async throws {
        let server = try await server()
        await server.ask(.update, "auth/approle/role/app", ["token_policies": "app", "token_bound_cidrs": "10.0.0.0/8"])
        let login = await secretID(server)
        #expect(await server.ask(.update, "auth/approle/login", login, token: nil).code == .invalidRequest)
        let issued = try #require(await server.ask(.update, "auth/approle/login", login, token: nil, from: "10.0.0.1").issued)
        #expect(await server.ask(.read, "secret/data/app/db", token: issued.clientToken, from: "10.9.9.9").isSuccess)
        #expect(await server.ask(.read, "secret/data/app/db", token: issued.clientToken).code == .permissionDenied)
    }

    @Test func aLoginOutlivesARestartAndALockDoesToo() async throws {
        let server = try await server()
        await server.ask(.update, "auth/approle/role/app", ["token_policies": "app"])
        await server.ask(.update, "auth/userpass/users/bob", ["password": "right", "token_policies": "app"])
        let login = await secretID(server)
        for _ in 0..<5 { await server.ask(.update, "auth/userpass/login/bob", ["password": "wrong"], token: nil) }
        let again = try await server.restarted()
        #expect(await again.ask(.update, "auth/approle/login", login, token: nil).isSuccess)
        #expect(await again.ask(.update, "auth/userpass/login/BOB", ["password": "right"], token: nil).code == .permissionDenied)
        again.time.advance(seconds: 900)
        #expect(await again.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil).isSuccess)
    }

    @Test func aRefusedLoginLeavesNoTokenBehind() async throws {
        let server = try await server()
        await server.ask(.update, "auth/approle/role/app", ["token_policies": "app"])
        let before = await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count
        for role in ["nobody", "app"] {
            let answer = await server.ask(
                .update, "auth/approle/login", ["role_id": .string(role), "secret_id": "wrong"], token: nil)
            #expect(answer.error?.messages == ["invalid role or secret ID"])
        }
        #expect(await server.ask(.list, "auth/token/accessors").data?["keys"]?.arrayValue?.count == before)
    }

    @Test func aUserMayChangeTheOwnPasswordWhereAPolicySaysSo() async throws {
        let server = try await server()
        await server.writePolicy("self", "path \"auth/userpass/users/bob/password\" { capabilities = [\"update\"] }")
        for name in ["bob", "eve"] {
            await server.ask(.update, "auth/userpass/users/\(name)", ["password": "right", "token_policies": "self"])
        }
        let login = await server.ask(.update, "auth/userpass/login/bob", ["password": "right"], token: nil)
        let token = try #require(login.issued?.clientToken)
        let change: JSONObject = ["password": "new"]
        #expect(await server.ask(.update, "auth/userpass/users/bob/password", change, token: token).isSuccess)
        #expect(await server.ask(.update, "auth/userpass/users/eve/password", change, token: token).code == .permissionDenied)
        #expect(
            await server.ask(.update, "auth/userpass/users/bob", ["token_policies": "x"], token: token).code == .permissionDenied)
        #expect(await server.ask(.update, "auth/userpass/login/bob", change, token: nil).isSuccess)
    }
}
