import AuthMethods
import Crypto
import EngineKit
import Foundation
import JOSE
import Outbound
import Syntax
import TestSupport
import Testing

func hmac(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
}

/// A login that has begun, as the program knows it.
struct BegunLogin {
    var address: String
    var query: [String: String]
    var state: String
    var body: JSONObject

    init(_ data: JSONObject) throws {
        body = data
        address = data["auth_url"]?.stringValue ?? ""
        let items = URLComponents(string: address)?.queryItems ?? []
        query = Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
        state = query["state"] ?? data["state"]?.stringValue ?? ""
    }
}

@Suite("Logins in a browser")
struct BrowserLoginTests {
    let issuer: TokenIssuer
    let redirect = "http://localhost:8250/oidc/callback"
    let configuration: JSONObject = [
        "oidc_discovery_url": .string(TokenIssuer.address), "oidc_client_id": .string(TokenIssuer.client),
        "oidc_client_secret": "s:ecret", "jwt_supported_algs": "ES256", "default_role": "app",
    ]
    let role: JSONObject = [
        "user_claim": "sub", "allowed_redirect_uris": ["http://localhost:8250/oidc/callback", "https://coffer.example/cb"],
        "token_policies": "dev", "bound_claims": ["hd": "example.com"],
    ]

    init() throws { issuer = try TokenIssuer() }

    func driver(_ more: JSONObject = [:], configuration changes: JSONObject = [:]) async throws -> AuthDriver {
        try await AuthDriver.ofTokens(issuer, role: role.with(more), type: "oidc", configuration: configuration.with(changes))
    }

    func begin(_ driver: AuthDriver, _ more: JSONObject = [:]) async throws -> BegunLogin {
        try BegunLogin(
            try await driver.data(.update, "oidc/auth_url", (["redirect_uri": .string(redirect)] as JSONObject).with(more)))
    }

    func claims(_ driver: AuthDriver, _ begun: BegunLogin, _ more: JSONObject = [:]) -> JSONObject {
        let now = driver.seconds
        let base: JSONObject = [
            "iss": .string(TokenIssuer.address), "aud": .string(TokenIssuer.client), "sub": "ada", "hd": "example.com",
            "iat": .int(now), "exp": .int(now + 300), "nonce": .string(begun.query["nonce"] ?? ""),
        ]
        return base.with(more)
    }

    func callback(_ driver: AuthDriver, _ begun: BegunLogin, _ more: JSONObject = [:]) async throws -> Response {
        let query: JSONObject = ["state": .string(begun.state), "code": "c-1"]
        return try await driver.send(.read, "oidc/callback", query.with(more))
    }

    func refusal(_ driver: AuthDriver, _ begun: BegunLogin, _ more: JSONObject = [:]) async -> String? {
        do { _ = try await callback(driver, begun, more) } catch { return CofferError(wrapping: error).message }
        return nil
    }

    func page(_ response: Response) throws -> (status: Int?, text: String) {
        guard case .raw(let content) = response.body else { throw CofferError.notFound }
        #expect(content.contentType == "text/html; charset=utf-8")
        return (response.status, String(decoding: content.bytes, as: UTF8.self))
    }

    /// What the page that asks the person contains.
    func confirmation(in page: String) throws -> String {
        let after = try #require(page.components(separatedBy: "name=\"confirmation\" value=\"").dropFirst().first)
        let value = try #require(after.components(separatedBy: "\"").first)
        #expect(value.count == 64)
        return value
    }

    @Test("a code is exchanged with PKCE, and the token is that of whoever signed in")
    func client() async throws {
        let driver = try await driver(["oidc_scopes": "profile,openid", "max_age": 60])
        let begun = try await begin(driver, ["client_nonce": "n-1"])
        let query = begun.query
        #expect(begun.address.hasPrefix(TokenIssuer.address + "/authorize?"))
        #expect(query["response_type"] == "code" && query["client_id"] == TokenIssuer.client && query["redirect_uri"] == redirect)
        #expect(query["scope"] == "openid profile" && query["code_challenge_method"] == "S256" && query["max_age"] == "60")
        #expect(begun.body["state"] == nil && begun.body["poll_interval"] == nil)
        issuer.give(
            try issuer.sign(claims(driver, begun, ["auth_time": .int(driver.seconds - 30)])),
            userInfo: ["sub": "ada", "email": "a@b.c", "aud": "x"])
        let response = try await callback(driver, begun, ["client_nonce": "n-1"])
        guard case .grant(let grant)? = response.auth else { throw CofferError.notFound }
        #expect(grant.aliasName == "ada" && grant.policies == ["dev"] && grant.metadata == ["role": "app"])
        let form = issuer.lastForm
        #expect(form["grant_type"] == "authorization_code" && form["code"] == "c-1" && form["redirect_uri"] == redirect)
        let verifier = form["code_verifier"] ?? ""
        #expect(Base64.encode(Array(SHA256.hash(data: Array(verifier.utf8))), as: .url) == query["code_challenge"])
        let sent = issuer.requests.last { $0.url.hasSuffix("/token") }?.headers.first { $0.name == "authorization" }?.value
        #expect(sent == "Basic " + Base64.encode(Array("coffer-client:s%3Aecret".utf8)))
    }

    @Test("claims of userinfo are added, and replace nothing that the token says of itself")
    func userInfo() async throws {
        let driver = try await driver(["claim_mappings": ["email": "mail"], "groups_claim": "groups"])
        let begun = try await begin(driver)
        issuer.give(
            try issuer.sign(claims(driver, begun)),
            userInfo: ["sub": "ada", "email": "a@b.c", "groups": ["g"], "iss": "x", "nonce": "y"])
        guard case .grant(let grant)? = try await callback(driver, begun).auth else { throw CofferError.notFound }
        #expect(grant.metadata["mail"] == "a@b.c" && grant.groupAliases == ["g"])
        let other = try await begin(driver)
        issuer.give(try issuer.sign(claims(driver, other)), userInfo: ["sub": "eve", "groups": ["admins"]])
        #expect(await refusal(driver, other) == "Login failed. failed to fetch groups: \"groups\" claim not found in token")
    }

    @Test("a state is good once, for its program, for ten minutes, and on every node")
    func states() async throws {
        let driver = try await driver()
        let expired = "Login failed. Expired or missing OAuth state."
        let begun = try await begin(driver, ["client_nonce": "n-1"])
        issuer.give(try issuer.sign(claims(driver, begun)))
        let other = try driver.restarted()
        #expect(await refusal(other, begun, ["client_nonce": "n-1"]) == nil)
        #expect(await refusal(driver, begun, ["client_nonce": "n-1"]) == expired)
        // A wrong program uses the state up.
        let second = try await begin(driver, ["client_nonce": "n-1"])
        #expect(await refusal(driver, second, ["client_nonce": "n-2"]) == "invalid client_nonce")
        #expect(await refusal(driver, second, ["client_nonce": "n-1"]) == expired)
        let third = try await begin(driver)
        driver.time.advance(seconds: 600)
        #expect(await refusal(driver, third) == expired)
        for text in [
            "", "x", "1.2.3", "99999999999999.aaaaaaaa.x", third.state + "x", "../../config/current", third.state.uppercased(),
        ] {
            #expect(
                await driver.refusal(.read, "oidc/callback", ["state": .string(text), "code": "c"])?.message == expired, "\(text)")
        }
    }

    @Test("of many callbacks with one state, one gets a token")
    func concurrentCallbacks() async throws {
        let driver = try await driver()
        let begun = try await begin(driver)
        issuer.give(try issuer.sign(claims(driver, begun)))
        let nodes = [driver, try driver.restarted()]
        let granted = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<20 { group.addTask { await refusal(nodes[index % 2], begun) == nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(granted == 1)
    }

    @Test("an ID token must be for this client, this login, and of this provider")
    func idTokens() async throws {
        let driver = try await driver(["max_age": 60])
        let now = driver.seconds
        let signedIn: JSONObject = ["auth_time": .int(now)]
        let cases: [(JSONObject, String)] = [
            (["nonce": "x"], "The nonce is another one."), (["nonce": ""], "The nonce is another one."),
            (["iss": "https://other.example"], "The ID token is of another issuer."),
            (["aud": "x"], "The ID token is for another client."),
            (["aud": []], "The ID token is for another client."), (["azp": "x"], "The ID token is for another client."),
            (["exp": .int(now - 100)], "The ID token is not valid at this time."),
            (["exp": .null], "The ID token is not valid at this time."),
            (["nbf": .int(now + 100)], "The ID token is not valid at this time."),
            (["auth_time": .int(now - 121)], "The person signed in too long ago."),
            (["auth_time": .null], "The person signed in too long ago."),
        ]
        for (changes, text) in cases {
            let begun = try await begin(driver)
            issuer.give(try issuer.sign(claims(driver, begun, signedIn.with(changes))))
            #expect(await refusal(driver, begun) == "Token verification failed. " + text)
        }
        let foreign = try TokenIssuer()
        let begun = try await begin(driver)
        issuer.give(try foreign.sign(claims(driver, begun, signedIn)))
        #expect(await refusal(driver, begun) == "Token verification failed. No key of the provider signed the ID token.")
        let bound = try await begin(driver)
        issuer.give(try issuer.sign(claims(driver, bound, signedIn.with(["hd": "other.example"]))))
        #expect(
            await refusal(driver, bound)
                == "Login failed. error validating claims: claim \"hd\" does not match any associated bound claim values")
        let algorithm = try await self.driver(configuration: ["jwt_supported_algs": []])
        let default256 = try await begin(algorithm)
        issuer.give(try issuer.sign(claims(algorithm, default256)))
        #expect(
            await refusal(algorithm, default256)
                == "Token verification failed. The ID token is signed with an algorithm that is not in jwt_supported_algs.")
    }

    @Test("the answer of another provider is refused: a mix-up")
    func mixUp() async throws {
        let driver = try await driver()
        let begun = try await begin(driver)
        #expect(await refusal(driver, begun, ["iss": "https://evil.example"]) == "Login failed. The answer is of another issuer.")
        #expect(!issuer.requests.contains { $0.url.hasSuffix("/token") })
    }

    @Test("redirects must be the role's; those of this machine match with any port")
    func redirects() async throws {
        let driver = try await driver()
        for good in [redirect, "http://localhost:1/oidc/callback", "http://localhost/oidc/callback", "https://coffer.example/cb"] {
            #expect(try await begin(driver, ["redirect_uri": .string(good)]).address != "", "\(good)")
        }
        for bad in [
            "https://evil.example/cb", "https://coffer.example/cb/", "https://coffer.example/cb?x=1",
            "https://coffer.example:444/cb",
            "http://coffer.example/cb", "http://localhost:8250/other", "https://localhost:8250/oidc/callback",
            "http://localhost.evil.example/oidc/callback", "http://localhost:8250@evil.example/oidc/callback",
            "http://localhost:8250evil/oidc/callback", "http://127.0.0.1:8250/oidc/callback",
            "http://localhost:8250/oidc/callback#x",
            "HTTPS://coffer.example/cb", "https://coffer.example/cb\u{0}", " https://coffer.example/cb",
        ] {
            let response = try await driver.send(.update, "oidc/auth_url", ["redirect_uri": .string(bad)])
            guard case .data(let data) = response.body else { throw CofferError.notFound }
            #expect(data["auth_url"] == "" && response.warnings.count == 1, "\(bad)")
        }
    }

    @Test("a begun login is refused with the texts that clients show")
    func texts() async throws {
        let driver = try await driver()
        func message(_ body: JSONObject) async -> String? { await driver.refusal(.update, "oidc/auth_url", body)?.message }
        #expect(await message([:]) == "missing redirect_uri")
        #expect(await message(["role": "none", "redirect_uri": .string(redirect)]) == "role \"none\" could not be found")
        try await driver.send(.update, "role/direct", role.with(["callback_mode": "direct"]))
        #expect(await message(["role": "direct", "redirect_uri": .string(redirect)]) == "missing client_nonce")
        try await driver.send(.update, "config", configuration.without("default_role"))
        #expect(await message(["redirect_uri": .string(redirect)]) == "missing role")
        try await driver.send(.update, "config", ["oidc_discovery_url": .string(TokenIssuer.address)])
        #expect(await message(["redirect_uri": .string(redirect)]) == "OIDC login is not configured for this mount")
    }

    @Test("what a provider or a link says is shown nowhere: CVE-2026-33758", arguments: ["client", "direct"])
    func escaped(mode: String) async throws {
        let driver = try await driver(["callback_mode": .string(mode)])
        let hostile = "<script>alert(1)</script>\"'"
        let begun = try await begin(driver, ["client_nonce": "n"])
        let query: JSONObject = [
            "error": .string(hostile), "error_description": .string(hostile), "error_uri": .string(hostile), "client_nonce": "n",
        ]
        if mode == "client" {
            #expect(await refusal(driver, begun, query) == "Login failed. The provider refused for an unknown reason.")
        } else {
            let page = try self.page(try await callback(driver, begun, query))
            #expect(page.status == 400 && !page.text.contains("script") && page.text.contains("unknown reason"))
            let confirming = try await begin(driver, ["client_nonce": "n"])
            let confirmation = try self.page(try await callback(driver, confirming, ["code": .string(hostile)]))
            #expect(
                confirmation.status == 200 && !confirmation.text.contains("<script>")
                    && confirmation.text.contains("&lt;script&gt;"))
        }
        let known = try await begin(driver, ["client_nonce": "n"])
        if mode == "client" {
            #expect(await refusal(driver, known, ["error": "access_denied", "client_nonce": "n"]) == "Login failed. access_denied")
        }
    }

    @Test("in the mode direct the person confirms, and the program asks: CVE-2026-33757")
    func direct() async throws {
        let driver = try await driver(["callback_mode": "direct"])
        let begun = try await begin(driver, ["client_nonce": "n-1"])
        #expect(begun.body["state"]?.stringValue == begun.state && begun.body["poll_interval"] == "5")
        func poll(_ nonce: String = "n-1") async -> CofferError? {
            await driver.refusal(.update, "oidc/poll", ["state": .string(begun.state), "client_nonce": .string(nonce)])
        }
        #expect(await poll()?.message == "authorization_pending")
        #expect(await poll("n-2")?.message == "invalid client_nonce")
        issuer.give(try issuer.sign(claims(driver, begun)))
        // The page names the address of whoever began the login, and nothing has happened yet.
        let question = try page(try await callback(driver, begun))
        #expect(
            question.text.contains("127.0.0.1") && question.text.contains("Confirm the login")
                && !question.text.contains("warning\">"))
        #expect(!issuer.requests.contains { $0.url.hasSuffix("/token") })
        #expect(await poll()?.message == "authorization_pending")
        let elsewhere = try await driver.send(
            .read, "oidc/callback", ["state": .string(begun.state), "code": "c-1"], from: "10.9.9.9")
        #expect(try page(elsewhere).text.contains("another address"))
        let yes: JSONObject = ["confirmation": .string(try confirmation(in: question.text))]
        #expect(try page(try await callback(driver, begun, ["confirmation": "yes"])).status == 400)
        #expect(try page(try await callback(driver, begun, yes.with(["code": "c-2"]))).status == 400)
        #expect(try page(try await callback(driver, begun, yes)).text.contains("You are signed in"))
        let again = try page(try await callback(driver, begun, yes))
        #expect(again.status == 400 && again.text.contains("Expired or missing OAuth state."))
        #expect(await poll("n-2")?.message == "invalid client_nonce")
        let other = try driver.restarted()
        let grant = try await other.grant("oidc/poll", ["state": .string(begun.state), "client_nonce": "n-1"])
        #expect(grant.aliasName == "ada" && grant.policies == ["dev"])
        #expect(await poll()?.message == "Login failed. Expired or missing OAuth state.")
    }

    @Test("in the mode direct a failed exchange ends the login for the program as well")
    func directFailure() async throws {
        let driver = try await driver(["callback_mode": "direct", "oidc_disable_confirmation": true])
        let begun = try await begin(driver, ["client_nonce": "n-1"])
        issuer.refuse("invalid_grant")
        let failed = try page(try await callback(driver, begun))
        #expect(failed.status == 400 && failed.text.contains("did not accept the code"))
        let refusal = await driver.refusal(.update, "oidc/poll", ["state": .string(begun.state), "client_nonce": "n-1"])
        #expect(refusal?.message == "Login failed. Expired or missing OAuth state.")
    }

    @Test("in the mode direct the browser gets a page, whatever is known of the login")
    func directPages() async throws {
        let driver = try await driver(["callback_mode": "direct"])
        let begun = try await begin(driver, ["client_nonce": "n-1"])
        func failure() async throws -> String {
            let failed = try page(try await callback(driver, begun))
            #expect(failed.status == 400)
            return failed.text
        }
        let mark = try #require(begun.state.rangeOfUTF8(".direct"))
        let unmarked: JSONObject = ["state": .string(String(begun.state[..<mark.lowerBound])), "code": "c"]
        #expect(await driver.refusal(.read, "oidc/callback", unmarked)?.message == "Login failed. Expired or missing OAuth state.")
        try await driver.send(.update, "role/app", role.with(["callback_mode": "client"]))
        #expect(try await failure().contains("Expired or missing OAuth state."))
        try await driver.send(.delete, "role/app")
        #expect(try await failure().contains("Role could not be found"))
        driver.time.advance(seconds: 600)
        #expect(try await failure().contains("Expired or missing OAuth state."))
    }

    @Test("with another device the provider is asked no more often than it wants")
    func device() async throws {
        let driver = try await driver(["callback_mode": "device"])
        let begun = try await begin(driver, ["client_nonce": "n-1"])
        #expect(begun.address == TokenIssuer.address + "/activate" && begun.body["user_code"] == "ABCD-EFGH")
        #expect(begun.body["poll_interval"] == "5")
        let body: JSONObject = ["state": .string(begun.state), "client_nonce": "n-1"]
        issuer.refuse("authorization_pending")
        driver.time.advance(seconds: 5)
        #expect(await driver.refusal(.update, "oidc/poll", body)?.message == "authorization_pending")
        #expect(await driver.refusal(.update, "oidc/poll", body)?.message == "slow_down")
        #expect(issuer.requests.filter { $0.url.hasSuffix("/token") }.count == 1)
        driver.time.advance(seconds: 5)
        issuer.give(try issuer.sign(claims(driver, begun).without("nonce")))
        #expect(try await driver.grant("oidc/poll", body).aliasName == "ada")
        #expect(issuer.lastForm["device_code"] == "d-1")
        #expect(await driver.refusal(.update, "oidc/poll", body)?.message == "Login failed. Expired or missing OAuth state.")
        let refused = try await begin(driver, ["client_nonce": "n-1"])
        issuer.refuse("access_denied")
        driver.time.advance(seconds: 5)
        let second: JSONObject = ["state": .string(refused.state), "client_nonce": "n-1"]
        #expect(await driver.refusal(.update, "oidc/poll", second)?.message == "authorization failed")
        #expect(await driver.refusal(.read, "oidc/callback", ["state": .string(refused.state), "code": "c"]) != nil)
    }

    @Test("a form of the provider is stored, and the program continues with no_code")
    func forms() async throws {
        let plain = try await driver()
        #expect(await plain.refusal(.update, "oidc/callback", [:])?.code == .methodNotAllowed)
        let driver = try await driver(configuration: ["oidc_response_mode": "form_post"])
        let begun = try await begin(driver)
        #expect(begun.query["response_mode"] == "form_post")
        func post(_ form: String) async throws -> (status: Int?, text: String) {
            try page(try await driver.post("oidc/callback", form))
        }
        #expect(try await post("state=\(begun.state)&state=x&code=c").status == 400)
        #expect(try await post("state=none&code=c").status == 400)
        #expect(try await post("state=%ZZ&code=c").status == 400)
        #expect(try await post("state=\(begun.state)&code=c%2D2&session=1").text.contains("Return to the program"))
        // A second form must not replace the first.
        #expect(try await post("state=\(begun.state)&code=evil").status == 400)
        issuer.give(try issuer.sign(claims(driver, begun)))
        guard case .grant(let grant)? = try await callback(driver, begun, ["code": "no_code"]).auth else {
            throw CofferError.notFound
        }
        #expect(grant.aliasName == "ada" && issuer.lastForm["code"] == "c-2")
    }

    @Test("an ID token in a form is verified as any other")
    func idTokenForms() async throws {
        let driver = try await driver(configuration: ["oidc_response_mode": "form_post", "oidc_response_types": "id_token"])
        let begun = try await begin(driver)
        #expect(begun.query["response_type"] == "id_token" && begun.query["code_challenge"] == nil)
        let token = try issuer.sign(claims(driver, begun))
        _ = try await driver.post("oidc/callback", "state=\(begun.state)&id_token=\(token)")
        guard case .grant(let grant)? = try await callback(driver, begun, ["code": ""]).auth else { throw CofferError.notFound }
        #expect(grant.aliasName == "ada")
        let replayed = try await begin(driver)
        _ = try await driver.post("oidc/callback", "state=\(replayed.state)&id_token=\(token)")
        #expect(await refusal(driver, replayed, ["code": "no_code"]) == "Token verification failed. The nonce is another one.")
    }

    @Test("one address cannot fill the store, and what nobody completed is removed")
    func bounded() async throws {
        let driver = try await driver()
        let body: JSONObject = ["redirect_uri": .string(redirect)]
        for _ in 0..<300 { try await driver.send(.update, "oidc/auth_url", body) }
        #expect(await driver.refusal(.update, "oidc/auth_url", body)?.code == .rateLimited)
        #expect(await driver.refusal(.update, "oidc/auth_url", body, from: "10.0.0.1") == nil)
        // One network of IPv6 is one address.
        for index in 0..<300 { try await driver.send(.update, "oidc/auth_url", body, from: "2001:db8::\(index)") }
        #expect(await driver.refusal(.update, "oidc/auth_url", body, from: "2001:db8::ffff:1")?.code == .rateLimited)
        #expect(await driver.refusal(.update, "oidc/auth_url", body, from: "2001:db8:0:1::1") == nil)
        // More than one commit removes.
        for index in 0..<600 { try await driver.send(.update, "oidc/auth_url", body, from: "10.0.1.\(index % 4)") }
        let periodic = try #require(driver.method as? any PeriodicEngine)
        await periodic.runRound()
        #expect(try await driver.records().keys.filter { $0.hasPrefix("login/") }.count == 1_202)
        driver.time.advance(seconds: 700)
        await periodic.runRound()
        #expect(try await driver.records().keys.filter { $0.hasPrefix("login/") } == [])
    }

    @Test("records hold no state, and no record is shown")
    func records() async throws {
        let driver = try await driver()
        let begun = try await begin(driver, ["client_nonce": "canary-nonce"])
        let dump = try await driver.dump()
        #expect(!dump.contains(begun.state) && !dump.contains("canary-nonce"))
        let secret = begun.state.split(separator: ".").last.map(String.init) ?? "?"
        #expect(!dump.contains(secret))
    }
}
