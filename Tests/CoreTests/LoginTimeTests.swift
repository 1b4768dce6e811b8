import Core
import EngineKit
import StoreKit
import Syntax
import TestSupport
import Testing

@Suite("When a caller logged in, as the OpenID provider knows it")
struct LoginTimeTests {
    private static let password: JSONObject = ["password": "a long password"]

    private func server() async throws -> (server: CoreHarness, clientID: JSON) {
        var settings = CoreSettings()
        settings.apiAddress = "https://coffer.example:8200"
        let server = try await CoreHarness.make(settings: settings)
        await server.ask(.update, "sys/auth/userpass", ["type": "userpass"])
        await server.writePolicy("parent", "path \"auth/token/create\" { capabilities = [\"update\"] }")
        for (name, type) in [("ann", "service"), ("bob", "batch")] {
            let body: JSONObject = ["token_policies": "parent", "token_type": .string(type), "password": "a long password"]
            await server.ask(.update, "auth/userpass/users/\(name)", body)
        }
        await server.ask(.update, "identity/oidc/key/k", ["algorithm": "EdDSA", "allowed_client_ids": ["*"]])
        let client: JSONObject = ["key": "k", "redirect_uris": ["https://app.example/cb"], "assignments": ["allow_all"]]
        #expect(await server.ask(.update, "identity/oidc/client/app", client).isSuccess)
        return (server, await server.ask(.read, "identity/oidc/client/app").data?["client_id"] ?? .null)
    }

    private func request(_ clientID: JSON) -> JSONObject {
        [
            "client_id": clientID, "redirect_uri": "https://app.example/cb", "response_type": "code", "scope": "openid",
            "max_age": "3600",
        ]
    }

    private func answer(_ server: CoreHarness, _ clientID: JSON, token: String) async -> JSON? {
        let answer = await server.ask(.update, "identity/oidc/provider/default/authorize", request(clientID), token: token)
        guard case .bare(let body)? = answer.response?.body else { return nil }
        return body
    }

    @Test("is the time of the login for its token, and unknown for a child token, a batch token and a login with the request")
    func whoseTime() async throws {
        let (server, clientID) = try await server()
        func logIn(_ name: String) async throws -> String {
            try #require(
                await server.ask(.update, "auth/userpass/login/\(name)", Self.password, token: nil).issued?.clientToken)
        }
        let own = try await logIn("ann")
        #expect(await answer(server, clientID, token: own)?["code"] != nil)
        let child = try #require(await server.ask(.update, "auth/token/create", token: own).issued?.clientToken)
        #expect(await answer(server, clientID, token: child)?["error"] == "login_required")
        #expect(await answer(server, clientID, token: try await logIn("bob"))?["error"] == "login_required")
        var inline = CoreRequest(
            id: "outer", operation: .update, path: "identity/oidc/provider/default/authorize", body: request(clientID).encoded(),
            credentials: .login(RequestLogin(path: "auth/userpass/login/ann", parameters: Self.password)))
        inline.connection = Connection(remoteAddress: "127.0.0.1")
        guard case .success(let response) = await server.core.handle(inline).outcome, case .bare(let body) = response.body else {
            Issue.record("no answer in the form of OAuth")
            return
        }
        #expect(body["error"] == "login_required")
        // The token keeps its time when it is renewed.
        server.time.advance(seconds: 3_606)
        #expect(await answer(server, clientID, token: own)?["error"] == "login_required")
    }
}
