import Crypto
import EngineKit
import Foundation
import JOSE
import Syntax
import TestSupport
import Testing

@testable import IdentityTokens

@Suite("Clients, scopes and assignments of the provider")
struct ClientTests {
    @Test("a wrong secret, no secret and an unknown client are refused alike")
    func secrets() async throws {
        let provider = try await ProviderDriver()
        let code = try await provider.code()
        for changes: [String: String?] in [
            ["client_secret": "hvo_secret_x"], ["client_secret": ""], ["client_secret": nil], ["client_id": "x"],
            ["client_id": nil],
            ["client_id": "../client/app"], ["client_secret": provider.secret + "x"],
        ] {
            let answer = try await provider.exchange(code, changes)
            #expect(answer["error"] == "invalid_client" && answer["error_description"] == "client failed to authenticate")
        }
        // Nobody who is not the client can spend its code.
        #expect(try await provider.exchange(code)["id_token"] != nil)
    }

    @Test("a client authenticates with Basic, and not in two ways at once")
    func basic() async throws {
        let provider = try await ProviderDriver()
        func header(_ id: String, _ secret: String) -> String { "Basic " + Base64.encode(Array("\(id):\(secret)".utf8)) }
        let good = header(provider.clientID, provider.secret)
        let none: [String: String?] = ["client_id": nil, "client_secret": nil]
        #expect(try await provider.exchange(try await provider.code(), none, basic: good)["id_token"] != nil)
        #expect(try await provider.exchange(try await provider.code(), ["client_secret": nil], basic: good)["id_token"] != nil)
        #expect(try await provider.exchange(try await provider.code(), basic: good)["error"] == "invalid_request")
        for wrong in [header(provider.clientID, "x"), header("x", provider.secret), "Basic", "Basic !", "Digest x", "Basic eA=="] {
            #expect(try await provider.exchange(try await provider.code(), none, basic: wrong)["error"] == "invalid_client")
        }
    }

    @Test("other grants are refused", arguments: ["password", "client_credentials", "refresh_token", ""])
    func grants(name: String) async throws {
        let provider = try await ProviderDriver()
        #expect(
            try await provider.exchange(try await provider.code(), ["grant_type": name])["error"] == "unsupported_grant_type")
    }

    @Test("the id and the secret are made by the server, and changes keep them")
    func made() async throws {
        let provider = try await ProviderDriver()
        #expect(provider.clientID.utf8.count == 32 && provider.secret.hasPrefix("hvo_secret_") && provider.secret.utf8.count == 75)
        try await provider.driver.send(
            .update, "oidc/client/app", ["client_id": "mine", "client_secret": "mine", "id_token_ttl": "1m"])
        let read = try await provider.driver.data(.read, "oidc/client/app")
        #expect(read["client_id"] == .string(provider.clientID) && read["client_secret"] == .string(provider.secret))
        let listed = try await provider.driver.data(.list, "oidc/client")
        #expect(listed["key_info"]?["app"]?["client_id"] == .string(provider.clientID))
        #expect(listed["key_info"]?["app"]?["client_secret"] == nil)
    }

    @Test("the type and the key of a client do not change")
    func fixed() async throws {
        let provider = try await ProviderDriver()
        #expect(await provider.driver.refusal(.update, "oidc/client/app", ["client_type": "public"])?.code == .invalidRequest)
        #expect(await provider.driver.refusal(.update, "oidc/client/app", ["key": "default"])?.code == .invalidRequest)
        try await provider.driver.send(.update, "oidc/client/app", ["key": "k", "client_type": "confidential"])
    }

    @Test(
        "settings that make no sense are refused",
        arguments: [
            ["redirect_uris": ["javascript:alert(1)"]], ["redirect_uris": ["JavaScript:alert(1)"]], ["redirect_uris": ["/cb"]],
            ["redirect_uris": ["https://app.example/#x"]], ["redirect_uris": ["https://app.example/ x"]],
            ["redirect_uris": ["data:text/html,x"]],
            ["redirect_uris": ["https://*.app.example/cb"]], ["redirect_uris": ["http:app.example"]],
            ["redirect_uris": ["view-source:http://app.example"]], ["redirect_uris": ["https:///cb"]],
            ["redirect_uris": ["https://app.example@evil.example/cb"]], ["redirect_uris": ["https://app.example:/cb"]],
            ["key": "none"], ["assignments": ["none"]], ["assignments": ["a b"]],
            ["id_token_ttl": "25h"], ["id_token_ttl": 0], ["access_token_ttl": 0], ["access_token_ttl": "8000h"],
            ["client_type": "secret"],
        ] as [JSONObject]) func refused(body: JSONObject) async throws
    {
        #expect(await TokensDriver().refusal(.update, "oidc/client/x", body)?.code == .invalidRequest)
    }

    @Test("what is referred to is not deleted, and is afterwards")
    func references() async throws {
        let provider = try await ProviderDriver()
        let driver = provider.driver
        for path in ["key/k", "assignment/staff", "scope/team"] {
            #expect(await driver.refusal(.delete, "oidc/" + path)?.code == .invalidRequest, "\(path)")
        }
        try await driver.send(.delete, "oidc/client/app")
        try await driver.send(.delete, "oidc/provider/p")
        for path in ["key/k", "assignment/staff", "scope/team"] { try await driver.send(.delete, "oidc/" + path) }
        #expect(try await driver.storage.list(Listing(prefix: "tokens/use/", isRecursive: true)) == [])
        #expect(try await driver.storage.list(Listing(prefix: "tokens/client-id/", isRecursive: true)) == [])
    }

    @Test("verification_ttl of a key stays above the life of the ID tokens of its clients")
    func lifetimes() async throws {
        let provider = try await ProviderDriver()
        #expect(await provider.driver.refusal(.update, "oidc/key/k", ["verification_ttl": "299s"])?.code == .invalidRequest)
        try await provider.driver.send(.update, "oidc/key/k", ["verification_ttl": "300s"])
    }

    @Test("a key that does not list the client signs nothing for it")
    func keyOfOthers() async throws {
        let provider = try await ProviderDriver()
        let code = try await provider.code()
        try await provider.driver.send(.update, "oidc/key/k", ["allowed_client_ids": ["other"]])
        #expect(try await provider.exchange(code)["error"] == "unauthorized_client")
        #expect(try await provider.authorize()["error"] == "unauthorized_client")
        let written = try await provider.driver.send(.update, "oidc/client/app")
        #expect(written.warnings.count == 1)
        let role = try await provider.driver.send(.update, "oidc/role/r", ["key": "k", "client_id": "listed-nowhere"])
        #expect(role.warnings.count == 1)
        #expect(try await provider.driver.send(.update, "oidc/role/r", ["client_id": "other"]).warnings.isEmpty)
    }

    @Test("an assignment of entities and groups that do not exist is warned of")
    func unknownMembers() async throws {
        let driver = TokensDriver()
        let ada = JSON.string(try await driver.entity("ada"))
        let body: JSONObject = ["entity_ids": [ada, "x", "y"], "group_ids": ["z"]]
        let warnings = try await driver.send(.update, "oidc/assignment/a", body).warnings
        #expect(warnings.count == 2 && warnings[0].contains("2 of the entity_ids") && warnings[1].contains("1 of the group_ids"))
        #expect(try await driver.send(.update, "oidc/assignment/a", ["entity_ids": [ada], "group_ids": []]).warnings.isEmpty)
    }

    @Test("providers that serve a client are listed page by page")
    func filteredPages() async throws {
        let driver = TokensDriver()
        for (name, clients) in [("a", ["other"]), ("b", ["mine"]), ("c", ["other"]), ("d", ["mine"])] {
            try await driver.send(.update, "oidc/provider/\(name)", ["allowed_client_ids": .strings(clients)])
        }
        func page(_ more: JSONObject) async throws -> JSON? {
            var body = more
            body["allowed_client_id"] = "mine"
            return try await driver.data(.list, "oidc/provider", body)["keys"]
        }
        #expect(try await page(["limit": 1]) == ["b"])
        #expect(try await page(["limit": 1, "after": "b"]) == ["d"])
        #expect(try await page(["after": "d"]) == ["default"])
    }

    @Test(
        "roles, clients, scopes and assignments are bounded, and those that exist can be changed",
        arguments: [
            ("role", ["key": "k"]), ("client", ["key": "k"]), ("scope", [:]), ("assignment", [:]),
        ] as [(String, JSONObject)])
    func limits(kind: String, body: JSONObject) async throws {
        let driver = TokensDriver()
        try await driver.send(.update, "oidc/key/k", ["algorithm": "EdDSA", "allowed_client_ids": ["*"]])
        try await driver.send(.update, "oidc/\(kind)/first", body)
        let record = try #require(try await driver.storage.get("tokens/\(kind)/first")).value
        var batch = Batch()
        for number in 1..<IdentityTokens.objectsMax { batch.put("tokens/\(kind)/n\(number)", record) }
        try await driver.storage.commit(batch)
        #expect(await driver.refusal(.update, "oidc/\(kind)/more", body)?.code == .invalidRequest)
        try await driver.send(.update, "oidc/\(kind)/first", body)
    }

    @Test("the default provider and the assignment of all are there, and stay")
    func builtIn() async throws {
        let driver = TokensDriver()
        #expect(try await driver.data(.read, "oidc/provider/default")["allowed_client_ids"] == ["*"])
        #expect(try await driver.data(.list, "oidc/provider")["keys"] == ["default"])
        #expect(try await driver.data(.list, "oidc/assignment")["keys"] == ["allow_all"])
        #expect(await driver.refusal(.delete, "oidc/provider/default")?.code == .invalidRequest)
        #expect(await driver.refusal(.update, "oidc/assignment/allow_all", ["entity_ids": ["x"]])?.code == .invalidRequest)
        #expect(await driver.refusal(.delete, "oidc/assignment/allow_all")?.code == .invalidRequest)
        #expect(await driver.refusal(.update, "oidc/scope/openid")?.code == .invalidRequest)
        try await driver.send(.update, "oidc/assignment/b", ["entity_ids": ["x"]])
        #expect(try await driver.data(.list, "oidc/assignment")["keys"] == ["allow_all", "b"])
        #expect(try await driver.data(.list, "oidc/assignment", ["after": "allow_all"])["keys"] == ["b"])
        #expect(try await driver.data(.list, "oidc/assignment", ["limit": 1])["keys"] == ["allow_all"])
    }

    @Test("a provider offers scopes that exist, and no template of one replaces a claim of the server")
    func scopes() async throws {
        let driver = TokensDriver()
        #expect(await driver.refusal(.update, "oidc/provider/p", ["scopes_supported": ["none"]])?.code == .invalidRequest)
        for name in ["sub", "iss", "aud", "nonce", "at_hash"] {
            #expect(
                await driver.refusal(.update, "oidc/scope/s", ["template": .string("{\"\(name)\": 1}")])?.code == .invalidRequest)
        }
    }

    @Test("a provider publishes the keys of its clients and no others")
    func keys() async throws {
        let provider = try await ProviderDriver()
        let driver = provider.driver
        try await driver.send(.update, "oidc/key/unused", ["algorithm": "ES256"])
        #expect(try await driver.data(.read, "oidc/provider/p/.well-known/keys")["keys"]?.arrayValue?.count == 2)
        try await driver.send(.update, "oidc/provider/p", ["allowed_client_ids": ["other"]])
        #expect(try await driver.data(.read, "oidc/provider/p/.well-known/keys")["keys"] == [])
        #expect(await driver.refusal(.read, "oidc/provider/none/.well-known/keys")?.code == .notFound)
    }

    @Test("the discovery document names the paths of the provider")
    func discovery() async throws {
        let provider = try await ProviderDriver()
        try await provider.driver.send(.update, "oidc/provider/p", ["issuer": "https://id.example"])
        let document = try await provider.driver.data(.read, "oidc/provider/p/.well-known/openid-configuration")
        let issuer = "https://id.example/v1/identity/oidc/provider/p"
        #expect(document["issuer"] == .string(issuer) && document["token_endpoint"] == .string(issuer + "/token"))
        #expect(document["scopes_supported"] == ["openid", "team"] && document["code_challenge_methods_supported"] == ["S256"])
    }

    @Test("the sign-in page says nothing of the request, and allows its own script alone")
    func page() async throws {
        let response = try await TokensDriver().send(.read, "oidc/provider/default/sign-in")
        guard case .raw(let content) = response.body else {
            Issue.record("the page is no page")
            return
        }
        let policy = try #require(response.headers.first { $0.name == "content-security-policy" }?.value)
        let html = String(decoding: content.bytes, as: UTF8.self)
        let parts = html.components(separatedBy: "<script>")
        let script = try #require(parts.count == 2 ? parts[1].components(separatedBy: "</script>").first : nil)
        let hash = Base64.encode(Array(SHA256.hash(data: Array(script.utf8))))
        #expect(
            policy.contains("script-src 'sha256-\(hash)'") && !policy.contains("script-src 'unsafe")
                && policy.contains("frame-ancestors 'none'"))
        #expect(content.contentType == "text/html; charset=utf-8")
    }
}
