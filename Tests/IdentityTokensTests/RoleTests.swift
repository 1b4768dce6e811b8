import EngineKit
import Identity
import JOSE
import Records
import Syntax
import TestSupport
import Testing

@testable import IdentityTokens

@Suite("Roles and identity tokens")
struct RoleTests {
    private func driver(address: String = TokensDriver.address) async throws -> TokensDriver {
        let driver = TokensDriver(address: address)
        try await driver.send(.update, "oidc/key/k", ["algorithm": "ES256", "allowed_client_ids": ["*"]])
        return driver
    }

    @Test("a token says who the caller is, for whom, by whom and how long")
    func claims() async throws {
        let driver = try await driver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/role/r", ["key": "k", "client_id": "app", "ttl": "5m"])
        let answer = try await driver.data(.read, "oidc/token/r", as: ada)
        #expect(answer["client_id"] == "app" && answer["ttl"] == 300)
        let claims = try await driver.claims(answer["token"]?.stringValue ?? "").object
        let now = driver.time.now().seconds
        #expect(claims["sub"] == .string(ada) && claims["aud"] == "app" && claims["iss"] == .string(TokensDriver.issuer))
        #expect(claims["iat"] == .int(now) && claims["exp"] == .int(now + 300) && claims["namespace"] == "root")
    }

    @Test("a template adds facts of the entity, whatever characters they have")
    func template() async throws {
        let driver = try await driver()
        let evil = "x\", \"sub\": \"root\", \"y\": \"{{identity.entity.id}}\\"
        let ada = try await driver.entity("ada", ["metadata": ["team": .string(evil)]])
        let group = try await driver.data(.update, "group/name/eng", ["member_entity_ids": [.string(ada)]])["id"]?.stringValue ?? ""
        try await driver.send(
            .update, "entity-alias",
            ["name": "ada@x", "canonical_id": .string(ada), "mount_accessor": "auth_userpass_1", "custom_metadata": ["k": "v"]])
        let template = """
            {"team": {{identity.entity.metadata.team}}, "who": {"name": {{ identity.entity.name }}, "all": {{identity.entity.metadata}}},
             "groups": {{identity.entity.groups.names}}, "ids": [{{identity.entity.groups.ids}}],
             "user": {{identity.entity.aliases.auth_userpass_1.name}}, "custom": {{identity.entity.aliases.auth_userpass_1.custom_metadata}},
             "missing": {{identity.entity.metadata.none}}, "nbf": {{time.now.minus.10s}}, "later": {{time.now.plus.1h}}, "fixed": [1, null]}
            """
        try await driver.send(.update, "oidc/role/r", ["key": "k", "template": .string(template)])
        let claims = try await driver.claims(try await driver.token("r", of: ada)).object
        #expect(claims["team"] == .string(evil) && claims["sub"] == .string(ada))
        #expect(claims["who"] == ["name": "ada", "all": ["team": .string(evil)]])
        #expect(claims["groups"] == ["eng"] && claims["ids"] == [[.string(group)]])
        #expect(claims["user"] == "ada@x" && claims["custom"] == ["k": "v"] && claims["missing"] == "")
        let now = driver.time.now().seconds
        #expect(claims["nbf"] == .int(now - 10) && claims["later"] == .int(now + 3_600) && claims["fixed"] == [1, .null])
    }

    @Test("a template may be sent in base64")
    func base64() async throws {
        let driver = try await driver()
        let text = "{\"a\": {{identity.entity.name}}}"
        try await driver.send(.update, "oidc/role/r", ["key": "k", "template": .string(Base64.encode(Array(text.utf8)))])
        #expect(try await driver.data(.read, "oidc/role/r")["template"] == .string(text))
    }

    @Test(
        "a template cannot replace a claim of the server",
        arguments: ["iss", "sub", "aud", "exp", "iat", "namespace", "nonce", "auth_time", "at_hash", "c_hash", "azp"])
    func reserved(name: String) async throws {
        let driver = try await driver()
        let body: JSONObject = ["key": "k", "template": .string("{\"\(name)\": \"x\"}")]
        #expect(await driver.refusal(.update, "oidc/role/r", body)?.code == .invalidRequest)
    }

    @Test("a stored template that was not checked replaces nothing either")
    func storedTemplate() async throws {
        let driver = try await driver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/role/r", ["key": "k", "client_id": "app"])
        try await driver.tokens.roles.edit("r") { role, _ in
            role?.template = try ClaimTemplate("{\"sub\":\"root\",\"aud\":\"x\",\"own\":1}")
        }
        let claims = try await driver.claims(try await driver.token("r", of: ada)).object
        #expect(claims["sub"] == .string(ada) && claims["aud"] == "app" && claims["own"] == 1)
    }

    @Test(
        "a template that is malformed is refused",
        arguments: [
            "{", "[]", "1", "{\"a\": {{identity.entity.name}", "{\"a\": \"{{identity.entity.name}}\"}",
            "{{{identity.entity.name}}: 1}", "{\"a\": {{identity.entity}}}", "{\"a\": {{identity.entity.password}}}",
            "{\"a\": {{time.now.plus.soon}}}", "{\"a\": 1, \"a\": 2}", "{\"a\": \"\\u00000\"}", "{\"a\": {{}}}",
        ]) func malformed(template: String) async throws
    {
        let driver = try await driver()
        #expect(
            await driver.refusal(.update, "oidc/role/r", ["key": "k", "template": .string(template)])?.code == .invalidRequest)
    }

    @Test("a template and the claims that it makes are bounded")
    func bounds() async throws {
        let driver = try await driver()
        let long = "{\"a\": \"" + String(repeating: "x", count: ClaimTemplate.bytesMax) + "\"}"
        #expect(await driver.refusal(.update, "oidc/role/r", ["key": "k", "template": .string(long)])?.code == .invalidRequest)
        let many = "[" + Array(repeating: "{{time.now}}", count: 65).joined(separator: ",") + "]"
        #expect(
            await driver.refusal(.update, "oidc/role/r", ["key": "k", "template": .string("{\"a\": \(many)}")])?.code
                == .invalidRequest)
        let metadata = JSONObject((0..<60).map { .init(key: "k\($0)", value: .string(String(repeating: "v", count: 500))) })
        let ada = try await driver.entity("ada", ["metadata": .object(metadata)])
        try await driver.send(.update, "oidc/role/r", ["key": "k", "template": "{\"a\": {{identity.entity.metadata}}}"])
        #expect(await driver.refusal(.read, "oidc/token/r", as: ada)?.code == .tooLarge)
    }

    @Test("a caller without an entity gets no token, nor does one whose entity is disabled")
    func entities() async throws {
        let driver = try await driver()
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        let off = try await driver.entity("off", ["disabled": true])
        #expect(await driver.refusal(.read, "oidc/token/r")?.messages == ["no entity associated with the request's token"])
        #expect(await driver.refusal(.read, "oidc/token/r", as: "")?.code == .invalidRequest)
        #expect(await driver.refusal(.read, "oidc/token/r", as: off)?.code == .invalidRequest)
    }

    @Test("a key signs only for the client ids that it lists")
    func clientIDs() async throws {
        let driver = try await driver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/key/few", ["algorithm": "ES256", "allowed_client_ids": ["app"]])
        try await driver.send(.update, "oidc/role/r", ["key": "few", "client_id": "other"])
        #expect(await driver.refusal(.read, "oidc/token/r", as: ada)?.code == .invalidRequest)
        try await driver.send(.update, "oidc/role/r", ["client_id": "app"])
        _ = try await driver.claims(try await driver.token("r", of: ada))
    }

    @Test("a role gets a random client id, which changes of the role keep")
    func randomClientID() async throws {
        let driver = try await driver()
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        let id = try #require(try await driver.data(.read, "oidc/role/r")["client_id"]?.stringValue)
        #expect(id.utf8.count == 32 && id.utf8.allSatisfy { $0.isASCIILetterOrDigit })
        try await driver.send(.update, "oidc/role/r", ["ttl": "1h", "client_id": ""])
        #expect(try await driver.data(.read, "oidc/role/r")["client_id"] == .string(id))
    }

    @Test("a role needs a key that exists")
    func key() async throws {
        let driver = try await driver()
        #expect(await driver.refusal(.update, "oidc/role/r")?.messages == ["the key parameter is required"])
        #expect(await driver.refusal(.update, "oidc/role/r", ["key": "none"])?.code == .invalidRequest)
        #expect(await driver.refusal(.update, "oidc/role/r", ["key": "../key/k"])?.code == .invalidRequest)
        try await driver.send(.update, "oidc/role/r", ["key": "default"])
    }

    // MARK: Introspection

    @Test("introspection accepts a token until it expires, its entity is disabled, or its key is withdrawn")
    func introspection() async throws {
        let driver = try await driver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/role/r", ["key": "k", "client_id": "app", "ttl": "1m"])
        let token = JSON.string(try await driver.token("r", of: ada))
        #expect(try await driver.data(.update, "oidc/introspect", ["token": token]) == ["active": true])
        #expect(try await driver.data(.update, "oidc/introspect", ["token": token, "client_id": "app"]) == ["active": true])
        #expect(try await driver.data(.update, "oidc/introspect", ["token": token, "client_id": "x"])["active"] == false)
        try await driver.send(.update, "entity/id/\(ada)", ["disabled": true])
        #expect(try await driver.data(.update, "oidc/introspect", ["token": token])["active"] == false)
        try await driver.send(.update, "entity/id/\(ada)", ["disabled": false])
        driver.time.advance(seconds: 60)
        #expect(try await driver.data(.update, "oidc/introspect", ["token": token])["active"] == true)
        driver.time.advance(seconds: 1)
        #expect(try await driver.data(.update, "oidc/introspect", ["token": token])["active"] == false)
        let again = JSON.string(try await driver.token("r", of: ada))
        try await driver.send(.update, "oidc/key/k/rotate", ["verification_ttl": 0])
        #expect(try await driver.data(.update, "oidc/introspect", ["token": again])["active"] == false)
    }

    @Test("introspection refuses a token of another server, one with other claims, and no token at all")
    func foreign() async throws {
        let driver = try await driver()
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        let token = try await driver.token("r", of: ada)
        let parts = token.split(separator: ".").map(String.init)
        let claims = try #require(Base64.decode(parts[1], as: .url, allowing: []))
        let changed = String(decoding: claims, as: UTF8.self).replacing(ada, with: "someone-else")
        let forged = [parts[0], Base64.encode(Array(changed.utf8), as: .url), parts[2]].joined(separator: ".")
        let other = try await self.driver(address: "https://other.example")
        for text in [forged, "", "a.b.c", token + "x"] {
            #expect(try await driver.data(.update, "oidc/introspect", ["token": .string(text)])["active"] == false)
        }
        #expect(try await other.data(.update, "oidc/introspect", ["token": .string(token)])["active"] == false)
    }

    // MARK: Documents

    @Test("the documents name the issuer, and may be kept until a key rotates")
    func documents() async throws {
        let driver = try await driver()
        try await driver.send(.update, "oidc/key/k", ["rotation_period": "30m", "verification_ttl": "1h"])
        let document = try await driver.data(.read, "oidc/.well-known/openid-configuration")
        #expect(document["issuer"] == .string(TokensDriver.issuer))
        #expect(document["jwks_uri"] == .string(TokensDriver.issuer + "/.well-known/keys"))
        driver.time.advance(seconds: 600)
        let keys = try await driver.send(.read, "oidc/.well-known/keys")
        #expect(keys.headers.first?.value == "public, max-age=1200")
        driver.time.advance(seconds: 1_200)
        #expect(try await driver.send(.read, "oidc/.well-known/keys").headers.first?.value == "no-store")
    }

    @Test("a configured issuer replaces the address of the server")
    func issuer() async throws {
        let driver = try await driver(address: "")
        let ada = try await driver.entity("ada")
        try await driver.send(.update, "oidc/role/r", ["key": "k"])
        #expect(await driver.refusal(.read, "oidc/token/r", as: ada)?.code == .invalidRequest)
        try await driver.send(.update, "oidc/config", ["issuer": "https://id.example:8443"])
        let claims = try await driver.claims(try await driver.token("r", of: ada)).object
        #expect(claims["iss"] == "https://id.example:8443/v1/identity/oidc")
    }

    @Test(
        "an issuer is a scheme, a host and perhaps a port",
        arguments: [
            "id.example", "ftp://id.example", "https://", "https://id.example/", "https://id.example/x", "https://id.example?x",
            "https://id.example#x", "https://user@id.example", "https://id example",
        ]) func malformedIssuer(text: String) async throws
    {
        #expect(await TokensDriver().refusal(.update, "oidc/config", ["issuer": .string(text)])?.code == .invalidRequest)
    }
}
