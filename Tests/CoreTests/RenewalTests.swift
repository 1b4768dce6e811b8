import Core
import EngineKit
import Syntax
import TestSupport
import Testing

/// A renewal asks whoever vouched for the token again.
@Suite struct RenewalTests {
    /// A login method with an account, and how to log in to it.
    struct Method: Sendable, CustomTestStringConvertible {
        var type: String
        var account: String
        var testDescription: String { type }

        static let all = [Method(type: "userpass", account: "users/app"), Method(type: "approle", account: "role/app")]

        func write(_ server: CoreHarness, _ fields: JSONObject) async {
            let answer = await server.ask(
                .update, "auth/\(type)/\(account)", JSONObject([.init(key: "password", value: "pw")] + fields.members))
            #expect(answer.isSuccess)
        }

        func logIn(_ server: CoreHarness) async throws -> String {
            var (path, body): (String, JSONObject) = ("auth/userpass/login/app", ["password": "pw"])
            if type == "approle" {
                let role = await server.ask(.read, "auth/approle/role/app/role-id").data?["role_id"] ?? .null
                let secret = await server.ask(.update, "auth/approle/role/app/secret-id").data?["secret_id"] ?? .null
                (path, body) = ("auth/approle/login", ["role_id": role, "secret_id": secret])
            }
            return try #require(await server.ask(.update, path, body, token: nil, from: "10.1.1.1").issued).clientToken
        }
    }

    private func server(_ method: Method, _ fields: JSONObject = [:]) async throws -> (CoreHarness, token: String) {
        let server = try await CoreHarness.make()
        await server.ask(.update, "sys/auth/\(method.type)", ["type": .string(method.type)])
        await method.write(
            server, JSONObject([.init(key: "token_policies", value: "a"), .init(key: "token_ttl", value: "10m")] + fields.members))
        return (server, try await method.logIn(server))
    }

    private func renew(
        _ server: CoreHarness, _ token: String, _ increment: JSON = 0, from address: String = "10.1.1.1"
    ) async -> CoreHarness.Answer {
        await server.ask(.update, "auth/token/renew-self", ["increment": increment], token: token, from: address)
    }

    @Test(arguments: Method.all) func goesOnWhileNothingChanged(_ method: Method) async throws {
        let (server, token) = try await server(method)
        for _ in 0..<3 {
            server.time.advance(seconds: 400)
            let renewed = await renew(server, token)
            #expect(renewed.issued?.leaseSeconds == 600 && renewed.response?.warnings == [])
        }
        let again = try await server.restarted()
        #expect(await renew(again, token).issued?.leaseSeconds == 600)
    }

    @Test(arguments: Method.all) func endsWhenTheAccountIsGone(_ method: Method) async throws {
        let (server, token) = try await server(method, ["token_period": "1h"])
        await server.ask(.delete, "auth/\(method.type)/\(method.account)")
        for path in ["renew-self", "renew", "renew-accessor"] {
            let accessor = await server.ask(.update, "auth/token/lookup", ["token": .string(token)]).data?["accessor"] ?? .null
            let body: JSONObject = ["token": .string(token), "accessor": accessor]
            let refused = await server.ask(
                .update, "auth/token/\(path)", body, token: path == "renew-self" ? token : "", from: "10.1.1.1")
            #expect(refused.code == .invalidRequest, "\(path)")
            #expect(refused.error?.messages.first?.contains("does not exist during renewal") == true, "\(path)")
        }
        // It keeps the time that it has, and no more.
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).isSuccess)
        server.time.advance(seconds: 3_600)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).code == .permissionDenied)
    }

    @Test(arguments: Method.all) func endsWhenAnotherAccountHasTheName(_ method: Method) async throws {
        let (server, token) = try await server(method)
        await server.ask(.delete, "auth/\(method.type)/\(method.account)")
        await method.write(server, ["token_policies": "a", "token_ttl": "10m"])
        #expect(await renew(server, token).code == .invalidRequest)
    }

    @Test(arguments: Method.all) func isRefusedWhenThePoliciesAreOthers(_ method: Method) async throws {
        let (server, token) = try await server(method)
        for policies in ["b", "a,b", ""] {
            await method.write(server, ["token_policies": .string(policies)])
            let refused = await renew(server, token)
            #expect(refused.error?.messages == ["policies have changed, not renewing"], "\(policies)")
        }
        await method.write(server, ["token_policies": "A", "token_no_default_policy": true])
        #expect(await renew(server, token).isSuccess, "default is no right of the account")
    }

    @Test(arguments: Method.all) func getsTheLifetimesOfToday(_ method: Method) async throws {
        let (server, token) = try await server(method)
        await method.write(server, ["token_ttl": "5s", "token_max_ttl": "20s"])
        #expect(await renew(server, token).issued?.leaseSeconds == 5)
        let capped = await renew(server, token, "1h")
        #expect(capped.issued?.leaseSeconds == 20)
        #expect(
            capped.response?.warnings
                == ["TTL of \"1h\" exceeded the effective max_ttl of \"20s\"; TTL value is capped accordingly"])
        await method.write(server, ["token_ttl": 0, "token_max_ttl": 0])
        await server.ask(.update, "sys/auth/\(method.type)/tune", ["default_lease_ttl": "50s", "max_lease_ttl": "60s"])
        #expect(await renew(server, token).issued?.leaseSeconds == 50)
        server.time.advance(seconds: 30)
        #expect(await renew(server, token, "1h").issued?.leaseSeconds == 30)
        server.time.advance(seconds: 29)
        await server.ask(.update, "sys/auth/\(method.type)/tune", ["default_lease_ttl": "10s", "max_lease_ttl": "20s"])
        #expect(await renew(server, token).code == .invalidRequest, "past today's maximum")
    }

    @Test(arguments: Method.all) func followsPeriodAndExplicitMaximum(_ method: Method) async throws {
        let (server, token) = try await server(method, ["token_explicit_max_ttl": "1h"])
        await method.write(server, ["token_period": "30s"])
        #expect(await renew(server, token, "5m").issued?.leaseSeconds == 30)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token).data?["period"] == 30)
        // The lower of what it was made with and of what is said today.
        await method.write(server, ["token_period": 0, "token_explicit_max_ttl": "100s"])
        #expect(await renew(server, token).issued?.leaseSeconds == 100)
        await method.write(server, ["token_explicit_max_ttl": 0])
        #expect(await renew(server, token).issued?.leaseSeconds == 100)
        await method.write(server, ["token_period": "1h"])
        await server.ask(.update, "sys/auth/\(method.type)/tune", ["default_lease_ttl": "10s", "max_lease_ttl": "20s"])
        let renewed = await renew(server, token)
        #expect(renewed.issued?.leaseSeconds == 20)
        #expect(
            renewed.response?.warnings
                == ["period of \"1h\" exceeded the effective max_ttl of \"20s\"; period value is capped accordingly"])
    }

    @Test(arguments: Method.all) func isBoundToTheAddressesOfToday(_ method: Method) async throws {
        let (server, token) = try await server(method)
        await method.write(server, ["token_bound_cidrs": "11.0.0.0/8"])
        #expect(await renew(server, token).code == .permissionDenied)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token, from: "10.1.1.1").isSuccess)
        // Renewed by another, it is good from the new ranges alone.
        #expect(await server.ask(.update, "auth/token/renew", ["token": .string(token)]).isSuccess)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token, from: "10.1.1.1").code == .permissionDenied)
        #expect(await renew(server, token, from: "11.1.1.1").isSuccess)
    }

    @Test func neverPassesTheRangesOfTheSecretID() async throws {
        let method = Method.all[1]
        let (server, _) = try await server(method)
        let role = await server.ask(.read, "auth/approle/role/app/role-id").data?["role_id"] ?? .null
        let secret = await server.ask(.update, "auth/approle/role/app/secret-id", ["token_bound_cidrs": "10.1.0.0/16"]).data
        let login: JSONObject = ["role_id": role, "secret_id": secret?["secret_id"] ?? .null]
        let issued = await server.ask(.update, "auth/approle/login", login, token: nil, from: "10.1.1.1").issued
        let token = try #require(issued).clientToken
        await method.write(server, ["token_bound_cidrs": "10.0.0.0/8"])
        #expect(await renew(server, token).isSuccess)
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token, from: "10.2.1.1").code == .permissionDenied)
        await method.write(server, ["token_bound_cidrs": "11.0.0.0/8"])
        #expect(await renew(server, token).code == .invalidRequest)
    }

    @Test func isRefusedForADisabledEntityWhoeverAsks() async throws {
        let (server, token) = try await server(Method.all[0])
        let entity = await server.ask(.read, "auth/token/lookup-self", token: token).data?["entity_id"]?.stringValue ?? ""
        await server.ask(.update, "identity/entity/id/\(entity)", ["disabled": true])
        #expect(await server.ask(.update, "auth/token/renew", ["token": .string(token)]).code == .permissionDenied)
    }

    // MARK: Tokens that tokens made

    @Test func aTokensRoleIsAskedToo() async throws {
        let server = try await CoreHarness.make()
        func write(_ fields: JSONObject) async { #expect(await server.ask(.update, "auth/token/roles/r", fields).isSuccess) }
        await write(["allowed_policies": "a,b"])
        let made = try #require(
            await server.ask(.update, "auth/token/create/r", ["policies": "a", "ttl": "100s"], from: "10.1.1.1").issued)
        let token = made.clientToken
        await write(["token_period": "40s"])
        #expect(await renew(server, token).issued?.leaseSeconds == 40)
        await write(["token_period": 0, "token_explicit_max_ttl": "20s"])
        #expect(await renew(server, token).issued?.leaseSeconds == 20)
        await write(["token_explicit_max_ttl": 0, "renewable": false])
        #expect(await renew(server, token).code == .invalidRequest)
        await write(["renewable": true, "token_bound_cidrs": "11.0.0.0/8"])
        #expect(await renew(server, token).code == .permissionDenied)
        await write(["token_bound_cidrs": [], "allowed_policies": "b"])
        #expect(await renew(server, token).error?.messages == ["policies have changed, not renewing"])
        await write(["allowed_policies": [], "disallowed_policies_glob": "a*"])
        #expect(await renew(server, token).error?.messages == ["policies have changed, not renewing"])
        await write(["disallowed_policies_glob": [], "allowed_policies_glob": "a*"])
        #expect(await renew(server, token).isSuccess)
        await server.ask(.delete, "auth/token/roles/r")
        #expect(
            await renew(server, token).error?.messages == ["original token role \"r\" could not be found, not renewing"])
        #expect(await server.ask(.read, "auth/token/lookup-self", token: token, from: "10.1.1.1").isSuccess)
    }

    @Test func aLoweredMaximumOfAuthTokenHoldsForTokensThatAreThere() async throws {
        let server = try await CoreHarness.make()
        let token = try await server.token(["default"], ["ttl": "100s"])
        await server.ask(.update, "sys/auth/token/tune", ["default_lease_ttl": "30s", "max_lease_ttl": "60s"])
        #expect(await renew(server, token).issued?.leaseSeconds == 60)
    }

    @Test func anEngineThatIsNoAuthMethodVouchesForNobody() async throws {
        let server = try await LeaseTests.server()
        let issued = try #require(await server.ask(.update, "test/login").issued)
        #expect(await server.ask(.update, "auth/token/renew", ["token": .string(issued.clientToken)]).code == .invalidRequest)
    }
}
