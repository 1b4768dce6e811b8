import EngineKit
import Identity
import JOSE
import OAuth
import Records
import Syntax
import TestSupport
import Testing

@testable import IdentityTokens

/// A provider with a client, and somebody who may log in to it.
struct ProviderDriver: Sendable {
    let driver: TokensDriver
    let ada: String
    let clientID: String
    let secret: String
    static let redirect = "https://app.example/cb"
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

    init(_ client: JSONObject = [:], driver: TokensDriver = TokensDriver()) async throws {
        self.driver = driver
        ada = try await driver.entity("ada", ["metadata": ["team": "red"]])
        try await driver.send(.update, "oidc/key/k", ["algorithm": "ES256", "allowed_client_ids": ["*"]])
        try await driver.send(.update, "oidc/assignment/staff", ["entity_ids": [.string(ada)]])
        try await driver.send(.update, "oidc/scope/team", ["template": "{\"team\": {{identity.entity.metadata.team}}}"])
        try await driver.send(.update, "oidc/provider/p", ["allowed_client_ids": ["*"], "scopes_supported": ["team"]])
        var body: JSONObject = [
            "key": "k", "redirect_uris": [.string(Self.redirect)], "assignments": ["staff"], "id_token_ttl": "5m",
            "access_token_ttl": "10m",
        ]
        for member in client { body[member.key] = member.value }
        try await driver.send(.update, "oidc/client/app", body)
        let read = try await driver.data(.read, "oidc/client/app")
        clientID = read["client_id"]?.stringValue ?? ""
        secret = read["client_secret"]?.stringValue ?? ""
    }

    /// What `authorize` answers.
    func authorize(_ changes: JSONObject = [:], as entity: String? = nil, provider: String = "p") async throws -> JSONObject {
        var body: JSONObject = [
            "client_id": .string(clientID), "redirect_uri": .string(Self.redirect), "response_type": "code",
            "scope": "openid team", "state": "s-1", "nonce": "n-1", "code_challenge_method": "S256",
            "code_challenge": .string(PKCE.challenge(of: Self.verifier)),
        ]
        for member in changes { body[member.key] = member.value.isNull ? nil : member.value }
        return try await driver.data(.read, "oidc/provider/\(provider)/authorize", body, as: entity ?? ada)
    }

    func code(_ changes: JSONObject = [:], as entity: String? = nil) async throws -> String {
        try #require(try await authorize(changes, as: entity)["code"]?.stringValue)
    }

    /// What `token` answers, with the client authenticated in the form.
    func exchange(
        _ code: String, _ changes: [String: String?] = [:], provider: String = "p", basic: String? = nil
    ) async throws -> JSONObject {
        var fields: [String: String?] = [
            "grant_type": "authorization_code", "code": code, "redirect_uri": Self.redirect, "code_verifier": Self.verifier,
            "client_id": clientID, "client_secret": secret,
        ]
        for (name, value) in changes { fields[name] = value }
        let form = fields.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.component($0))" } }
            .joined(separator: "&")
        let response = try await driver.send(.update, "oidc/provider/\(provider)/token", form: form, basic: basic)
        guard case .bare(let body) = response.body, let object = body.objectValue else { return [:] }
        #expect((object["error"] == nil) == (response.status == nil))
        return object
    }

    func userInfo(_ token: String, provider: String = "p") async throws -> JSONObject {
        let response = try await driver.send(.read, "oidc/provider/\(provider)/userinfo", bearer: token)
        guard case .bare(let body) = response.body else { return [:] }
        return body.objectValue ?? [:]
    }
}

@Suite("The OpenID provider")
struct ProviderTests {
    @Test("a code is exchanged for an ID token and an access token, which give the claims of the scopes")
    func flow() async throws {
        let provider = try await ProviderDriver()
        let answer = try await provider.authorize()
        #expect(answer["state"] == "s-1" && answer["iss"] == .string(TokensDriver.issuer + "/provider/p"))
        let code = try #require(answer["code"]?.stringValue)
        let tokens = try await provider.exchange(code)
        #expect(tokens["token_type"] == "Bearer" && tokens["expires_in"] == 600)
        let claims = try await provider.driver.claims(
            tokens["id_token"]?.stringValue ?? "", keys: "oidc/provider/p/.well-known/keys"
        ).object
        let now = provider.driver.time.now().seconds
        #expect(claims["iss"] == .string(TokensDriver.issuer + "/provider/p") && claims["aud"] == .string(provider.clientID))
        #expect(claims["sub"] == .string(provider.ada) && claims["nonce"] == "n-1" && claims["team"] == "red")
        #expect(claims["iat"] == .int(now) && claims["exp"] == .int(now + 300) && claims["auth_time"] == nil)
        let access = try #require(tokens["access_token"]?.stringValue)
        let half = SignatureAlgorithm.es256.hash(of: Array(access.utf8)).prefix(16)
        #expect(claims["at_hash"] == .string(Base64.encode(half, as: .url)))
        #expect(try await provider.userInfo(access) == ["sub": .string(provider.ada), "team": "red"])
    }

    @Test("scopes that were not asked for give no claims")
    func scopes() async throws {
        let provider = try await ProviderDriver()
        let tokens = try await provider.exchange(try await provider.code(["scope": "openid unknown"]))
        #expect(try await provider.userInfo(tokens["access_token"]?.stringValue ?? "") == ["sub": .string(provider.ada)])
        #expect(tokens["scope"] == "openid")
    }

    @Test("a code works once; presented again, it ends the access token that was issued for it")
    func reused() async throws {
        let provider = try await ProviderDriver()
        let code = try await provider.code()
        let access = try #require(try await provider.exchange(code)["access_token"]?.stringValue)
        #expect(try await provider.userInfo(access)["sub"] != nil)
        #expect(try await provider.exchange(code)["error"] == "invalid_grant")
        #expect(try await provider.userInfo(access)["error"] == "invalid_token")
    }

    @Test("of several requests with one code, on two nodes, one gets tokens")
    func racing() async throws {
        let storage = StampingStorage(MemoryStorage())
        let first = try await ProviderDriver(driver: TokensDriver(storage: storage))
        let second = TokensDriver(storage: storage, time: first.driver.time, seed: 7)
        let code = try await first.code()
        let form =
            "grant_type=authorization_code&code=\(code)&redirect_uri=\(PercentEncoding.component(ProviderDriver.redirect))"
            + "&code_verifier=\(ProviderDriver.verifier)&client_id=\(first.clientID)&client_secret=\(first.secret)"
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<16 {
                let driver = index.isMultiple(of: 2) ? first.driver : second
                group.addTask { try await driver.send(.update, "oidc/provider/p/token", form: form).status ?? 200 }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 1)
    }

    @Test(
        "a code is refused with anything that does not belong to it, and is spent by that",
        arguments: [
            ["redirect_uri": "https://app.example/other"], ["code_verifier": String(repeating: "a", count: 43)],
            ["code_verifier": nil], ["redirect_uri": nil], ["code_verifier": ""],
        ] as [[String: String?]])
    func mismatched(changes: [String: String?]) async throws {
        let provider = try await ProviderDriver()
        let code = try await provider.code()
        #expect(try await provider.exchange(code, changes)["error"] == "invalid_grant")
        #expect(try await provider.exchange(code)["error"] == "invalid_grant")
    }

    @Test("a code of another client is refused")
    func otherClient() async throws {
        let provider = try await ProviderDriver()
        try await provider.driver.send(
            .update, "oidc/client/other",
            ["key": "k", "redirect_uris": [.string(ProviderDriver.redirect)], "assignments": ["staff"]])
        let other = try await provider.driver.data(.read, "oidc/client/other")
        let answer = try await provider.exchange(
            try await provider.code(),
            ["client_id": other["client_id"]?.stringValue, "client_secret": other["client_secret"]?.stringValue])
        #expect(answer["error"] == "invalid_grant")
    }

    @Test("a code of another provider is refused, and so is its access token there")
    func otherProvider() async throws {
        let provider = try await ProviderDriver()
        #expect(try await provider.exchange(try await provider.code(), provider: "default")["error"] == "invalid_grant")
        let access = try #require(try await provider.exchange(try await provider.code())["access_token"]?.stringValue)
        #expect(try await provider.userInfo(access, provider: "default")["error"] == "invalid_token")
    }

    @Test("a code ends after five minutes, and what has ended is deleted")
    func expired() async throws {
        let provider = try await ProviderDriver()
        let code = try await provider.code()
        provider.driver.time.advance(seconds: 299)
        let early = try await provider.code()
        #expect(try await provider.exchange(code)["access_token"] != nil)
        provider.driver.time.advance(seconds: 300)
        #expect(try await provider.exchange(early)["error"] == "invalid_grant")
        provider.driver.time.advance(seconds: 700)
        try await provider.driver.tokens.runRound()
        for folder in ["code/", "access/"] {
            #expect(try await provider.driver.storage.list(Listing(prefix: "tokens/" + folder, isRecursive: true)) == [])
        }
    }

    @Test("an access token ends, and ends with its entity, its client and the provider's leave for it")
    func accessToken() async throws {
        let provider = try await ProviderDriver()
        let driver = provider.driver
        let access = try #require(try await provider.exchange(try await provider.code())["access_token"]?.stringValue)
        func isGood() async throws -> Bool { try await provider.userInfo(access)["sub"] != nil }
        #expect(try await isGood())
        try await driver.send(.update, "entity/id/\(provider.ada)", ["disabled": true])
        #expect(try await !isGood())
        try await driver.send(.update, "entity/id/\(provider.ada)", ["disabled": false])
        try await driver.send(.update, "oidc/provider/p", ["allowed_client_ids": ["x"]])
        #expect(try await !isGood())
        try await driver.send(.update, "oidc/provider/p", ["allowed_client_ids": [.string(provider.clientID)]])
        #expect(try await isGood())
        try await driver.send(.update, "oidc/assignment/staff", ["entity_ids": []])
        #expect(try await !isGood())
        try await driver.send(.update, "oidc/assignment/staff", ["entity_ids": [.string(provider.ada)]])
        driver.time.advance(seconds: 600)
        #expect(try await !isGood())
        for text in ["", "x", "coffer_access_1.00000000.x", access + "x"] {
            #expect(try await provider.userInfo(text)["error"] == "invalid_token")
        }
        try await driver.send(.delete, "oidc/client/app")
        #expect(try await !isGood())
    }

    @Test("an access token ends when its client is deleted")
    func deletedClient() async throws {
        let provider = try await ProviderDriver()
        let access = try #require(try await provider.exchange(try await provider.code())["access_token"]?.stringValue)
        try await provider.driver.send(.delete, "oidc/client/app")
        #expect(try await provider.userInfo(access)["error"] == "invalid_token")
        #expect(try await provider.exchange(provider.driver.tokens.randomText(9))["error"] == "invalid_client")
    }

    // MARK: Authorizing

    @Test(
        "a request that is not as it must be is refused with the error of OAuth",
        arguments: [
            (["response_type": "token"], "unsupported_response_type"), (["response_type": .null], "unsupported_response_type"),
            (["scope": "team"], "invalid_scope"), (["scope": .null], "invalid_scope"), (["client_id": "x"], "invalid_client_id"),
            (["client_id": .null], "invalid_client_id"), (["redirect_uri": "https://app.example/cb/"], "invalid_redirect_uri"),
            (["redirect_uri": .null], "invalid_redirect_uri"),
            (["redirect_uri": "https://app.example/cb#"], "invalid_redirect_uri"),
            (["code_challenge_method": "plain"], "invalid_request"), (["code_challenge_method": .null], "invalid_request"),
            (["code_challenge": "short"], "invalid_request"), (["code_challenge": .null], "invalid_request"),
            (["request": "x"], "request_not_supported"), (["request_uri": "https://x"], "request_uri_not_supported"),
            (["response_mode": "fragment"], "invalid_request"), (["max_age": "soon"], "invalid_request"),
            (["max_age": "10"], "login_required"),
        ] as [(JSONObject, String)])
    func refused(changes: JSONObject, error: String) async throws {
        let provider = try await ProviderDriver()
        let answer = try await provider.authorize(changes)
        #expect(answer["error"] == .string(error) && answer["code"] == nil && answer["state"] == "s-1")
    }

    @Test("only entities that an assignment of the client has get a code, through groups too")
    func assignments() async throws {
        let provider = try await ProviderDriver()
        let driver = provider.driver
        let bob = try await driver.entity("bob")
        let inner =
            try await driver.data(.update, "group/name/inner", ["member_entity_ids": [.string(bob)]])["id"]?.stringValue ?? ""
        let outer =
            try await driver.data(.update, "group/name/outer", ["member_group_ids": [.string(inner)]])["id"]?.stringValue ?? ""
        #expect(try await provider.authorize(as: bob)["error"] == "access_denied")
        #expect(try await provider.authorize(as: "")["error"] == "access_denied")
        try await driver.send(.update, "oidc/assignment/staff", ["group_ids": [.string(outer)]])
        let code = try await provider.code(as: bob)
        // Whoever was taken out meanwhile gets nothing for the code.
        try await driver.send(.update, "oidc/assignment/staff", ["group_ids": []])
        #expect(try await provider.exchange(code)["error"] == "invalid_grant")
        try await driver.send(.update, "oidc/client/app", ["assignments": []])
        #expect(try await provider.authorize()["error"] == "access_denied")
        try await driver.send(.update, "oidc/client/app", ["assignments": ["allow_all"]])
        #expect(try await provider.authorize(as: bob)["code"] != nil)
    }

    @Test("a provider serves only the clients that it allows")
    func allowedClients() async throws {
        let provider = try await ProviderDriver()
        let code = try await provider.code()
        try await provider.driver.send(.update, "oidc/provider/p", ["allowed_client_ids": []])
        #expect(try await provider.authorize()["error"] == "unauthorized_client")
        #expect(try await provider.exchange(code)["error"] == "unauthorized_client")
        #expect(try await provider.authorize(provider: "none")["error"] == "invalid_request")
    }

    @Test("a public client must use PKCE, and needs no secret")
    func publicClient() async throws {
        let provider = try await ProviderDriver(["client_type": "public"])
        #expect(provider.secret.isEmpty)
        let without: JSONObject = ["code_challenge": .null, "code_challenge_method": .null]
        #expect(try await provider.authorize(without)["error"] == "invalid_request")
        let code = try await provider.code()
        #expect(try await provider.exchange(code, ["client_secret": nil])["id_token"] != nil)
    }

    @Test("a confidential client may do without PKCE, and then sends no verifier")
    func withoutPKCE() async throws {
        let provider = try await ProviderDriver()
        let without: JSONObject = ["code_challenge": .null, "code_challenge_method": .null]
        #expect(try await provider.exchange(try await provider.code(without))["error"] == "invalid_grant")
        #expect(try await provider.exchange(try await provider.code(without), ["code_verifier": nil])["id_token"] != nil)
    }

    @Test("on the loopback interface the port does not matter, and the code is bound to the one that was sent")
    func loopback() async throws {
        let provider = try await ProviderDriver(["redirect_uris": ["http://127.0.0.1/cb"]])
        let code = try await provider.code(["redirect_uri": "http://127.0.0.1:4321/cb"])
        #expect(try await provider.exchange(code, ["redirect_uri": "http://127.0.0.1:4321/cb"])["id_token"] != nil)
        let other = try await provider.code(["redirect_uri": "http://127.0.0.1:4321/cb"])
        #expect(try await provider.exchange(other, ["redirect_uri": "http://127.0.0.1:4322/cb"])["error"] == "invalid_grant")
        #expect(try await provider.authorize(["redirect_uri": "http://127.0.0.1:4321/other"])["error"] == "invalid_redirect_uri")
    }

    @Test("max_age is held against the time of the login, which the ID token then has")
    func maxAge() async throws {
        let time = ManualTime()
        let loggedIn = time.now()
        let provider = try await ProviderDriver(driver: TokensDriver(time: time, loggedInAt: loggedIn))
        time.advance(seconds: 10)
        let tokens = try await provider.exchange(try await provider.code(["max_age": "10"]))
        let claims = try TokenClaims(payload: try SignedToken(tokens["id_token"]?.stringValue ?? "").payload)
        #expect(claims["auth_time"] == .int(loggedIn.seconds))
        #expect(try await provider.authorize(["max_age": "4"])["error"] == "login_required")
        #expect(try await provider.authorize(["max_age": "0"])["error"] == "login_required")
    }

    @Test("max_age=0 asks for a new login, and one that was just made is new")
    func maxAgeOfZero() async throws {
        let time = ManualTime()
        let provider = try await ProviderDriver(driver: TokensDriver(time: time, loggedInAt: time.now()))
        time.advance(seconds: IdentityTokens.maxAgeLeeway)
        #expect(try await provider.authorize(["max_age": "0"])["code"] != nil)
        time.advance(seconds: 1)
        #expect(try await provider.authorize(["max_age": "0"])["error"] == "login_required")
    }

    @Test("a refusal names the issuer, as a code does")
    func issuerOfRefusals() async throws {
        let provider = try await ProviderDriver()
        let issuer = JSON.string(TokensDriver.issuer + "/provider/p")
        #expect(try await provider.authorize(["scope": "team"])["iss"] == issuer)
        #expect(try await provider.authorize(["client_id": "none"])["iss"] == issuer)
        #expect(try await provider.authorize(provider: "none")["iss"] == nil)
    }

    @Test("access tokens of one entity are bounded, and a code that is refused for that is not spent")
    func boundedAccessTokens() async throws {
        let provider = try await ProviderDriver()
        for _ in 0..<IdentityTokens.accessTokensPerMinuteMax {
            #expect(try await provider.exchange(try await provider.code())["access_token"] != nil)
        }
        let code = try await provider.code()
        let refusal = await #expect(throws: CofferError.self) { try await provider.exchange(code) }
        #expect(refusal?.code == .rateLimited)
        let seconds = try #require(refusal?.retryAfter)
        #expect(seconds == 60 - provider.driver.time.now().seconds % 60)
        provider.driver.time.advance(seconds: seconds)
        #expect(try await provider.exchange(code)["access_token"] != nil)
    }

    @Test("a provider that does not exist has no page to sign in with")
    func signInPage() async throws {
        #expect(await TokensDriver().refusal(.read, "oidc/provider/none/sign-in")?.code == .notFound)
    }

    @Test("codes of one entity are bounded")
    func bounded() async throws {
        let provider = try await ProviderDriver()
        for _ in 0..<IdentityTokens.codesPerMinuteMax { _ = try await provider.code() }
        await #expect { try await provider.authorize() } throws: { ($0 as? CofferError)?.code == .rateLimited }
        provider.driver.time.advance(seconds: 60)
        _ = try await provider.code()
    }

    @Test("two scopes with the same claim are warned of, and a request of both is refused")
    func conflict() async throws {
        let provider = try await ProviderDriver()
        try await provider.driver.send(.update, "oidc/scope/also", ["template": "{\"team\": 1}"])
        let written = try await provider.driver.send(.update, "oidc/provider/p", ["scopes_supported": ["team", "also"]])
        #expect(written.warnings.count == 1)
        #expect(try await provider.authorize(["scope": "openid team also"])["error"] == "invalid_scope")
        #expect(try await provider.authorize(["scope": "openid also"])["code"] != nil)
    }
}
