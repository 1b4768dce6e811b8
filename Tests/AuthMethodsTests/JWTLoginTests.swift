import AuthMethods
import EngineKit
import JOSE
import Syntax
import TestSupport
import Testing

@Suite("Logins with tokens")
struct JWTLoginTests {
    private let issuer: TokenIssuer
    private let role: JSONObject = [
        "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["coffer", "other"], "token_policies": "dev",
    ]

    init() throws { issuer = try TokenIssuer() }

    private func driver(_ role: JSONObject? = nil, configuration: JSONObject = [:]) async throws -> AuthDriver {
        try await AuthDriver.ofTokens(issuer, role: role ?? self.role, configuration: configuration)
    }

    private func claims(_ driver: AuthDriver, _ more: JSONObject = [:]) -> JSONObject {
        let now = driver.seconds
        return (["sub": "ada", "aud": "coffer", "iat": .int(now), "exp": .int(now + 300)] as JSONObject).with(more)
    }

    private func refusal(_ driver: AuthDriver, _ claims: JSONObject, role: String = "app") async throws -> String? {
        let token = try issuer.sign(claims)
        return await driver.refusal(.update, "login", ["role": .string(role), "jwt": .string(token)])?.message
    }

    @Test("a good token logs in as its subject, with the role in the metadata")
    func good() async throws {
        let driver = try await driver()
        let token = try issuer.sign(claims(driver))
        let grant = try await driver.grant("login", ["role": "APP", "jwt": .string(token)])
        #expect(grant.aliasName == "ada" && grant.displayName == "jwt-ada" && grant.policies == ["dev"])
        #expect(grant.metadata == ["role": "app"] && grant.aliasMetadata == ["role": "app"])
    }

    @Test("refusals have the texts that clients show")
    func texts() async throws {
        let driver = try AuthDriver(JWTMethod.description(outbound: issuer.outbound))
        let token: JSON = .string(try issuer.sign(claims(driver)))
        func message(_ body: JSONObject) async -> String? { await driver.refusal(.update, "login", body)?.message }
        #expect(await message(["role": "app", "jwt": token]) == "could not load configuration")
        try await driver.send(.update, "config", ["jwks_url": .string(TokenIssuer.address + "/keys")])
        #expect(await message(["jwt": token]) == "missing role")
        #expect(await message(["role": "app", "jwt": token]) == "role \"app\" could not be found")
        try await driver.send(
            .update, "role/app",
            ["user_claim": "sub", "allowed_redirect_uris": "https://x.example/cb", "bound_audiences": "coffer"])
        #expect(await message(["role": "app", "jwt": token]) == "role with oidc role_type is not allowed")
        try await driver.send(.update, "role/app", role)
        #expect(await message(["role": "app"]) == "missing token")
        #expect(await message(["role": "app", "jwt": token]) == nil)
        let unsigned = "eyJhbGciOiJub25lIn0." + Base64.encode(claims(driver).encoded(), as: .url) + ".AA"
        #expect(
            await message(["role": "app", "jwt": .string(unsigned)])
                == "error validating token: the token is not signed with a supported algorithm")
        try await driver.send(.update, "config", ["jwks_url": .string(TokenIssuer.address + "/keys"), "default_role": "app"])
        #expect(await message(["jwt": token]) == nil)
    }

    @Test("an audience must be one of the role's, whatever its form")
    func audiences() async throws {
        let driver = try await driver()
        let mismatch = "error validating token: invalid audience (aud) claim: audience claim does not match any expected audience"
        for good in ["coffer", "other", ["x", "coffer"], ["other"]] as [JSON] {
            #expect(try await refusal(driver, claims(driver, ["aud": good])) == nil, "\(good)")
        }
        for bad in ["x", "", "Coffer", "coffer ", [], [""], ["x", "y"], "coffer,other"] as [JSON] {
            #expect(try await refusal(driver, claims(driver, ["aud": bad])) == mismatch, "\(bad)")
        }
        #expect(try await refusal(driver, claims(driver).without("aud")) == mismatch)
        for odd in [7, ["coffer", 7], ["a": "coffer"], [["coffer"]]] as [JSON] {
            #expect(
                try await refusal(driver, claims(driver, ["aud": odd])) == "error validating token: invalid audience (aud) claim")
        }
    }

    @Test("a role without audiences takes no token that is for somebody: CVE-2024-5798")
    func unboundAudience() async throws {
        let driver = try await driver(["role_type": "jwt", "user_claim": "sub", "bound_subject": "ada"])
        let text = "audience claim found in JWT but no audiences bound to the role"
        #expect(try await refusal(driver, claims(driver)) == text)
        #expect(try await refusal(driver, claims(driver, ["aud": ["coffer"]])) == text)
        #expect(try await refusal(driver, claims(driver, ["aud": ""])) == text)
        #expect(try await refusal(driver, claims(driver).without("aud")) == nil)
        #expect(try await refusal(driver, claims(driver, ["aud": []])) == nil)
    }

    @Test("issuer, subject and times must be right")
    func standardClaims() async throws {
        let source: JSONObject = ["jwks_url": .string(TokenIssuer.address + "/keys"), "bound_issuer": "https://issuer.example"]
        let driver = try await driver(role.with(["bound_subject": "ada"]), configuration: source)
        let good = claims(driver, ["iss": "https://issuer.example"])
        let now = driver.seconds
        #expect(try await refusal(driver, good) == nil)
        let cases: [(JSONObject, String)] = [
            (good.with(["iss": "https://other.example"]), "invalid issuer (iss) claim"),
            (good.without("iss"), "invalid issuer (iss) claim"),
            (good.with(["iss": ["https://issuer.example"]]), "invalid issuer (iss) claim"),
            (good.with(["sub": "bob"]), "invalid subject (sub) claim"), (good.without("sub"), "invalid subject (sub) claim"),
            (good.with(["exp": .int(now - 61)]), "invalid expiration time (exp) claim: token is expired"),
            (good.with(["nbf": .int(now + 61)]), "invalid not before (nbf) claim: token not yet valid"),
            (good.with(["nbf": .int(now + 9_000_000)]), "invalid not before (nbf) claim: token not yet valid"),
            (
                good.with(["nbf": .int(now - 5), "iat": .int(now + 61)]),
                "invalid issued at (iat) claim: token issued in the future"
            ),
            (good.with(["exp": .string(String(now + 300))]), "a time in the token is not a valid number of seconds"),
            (
                good.without("exp").without("iat"),
                "no issued at (iat), not before (nbf), or expiration time (exp) claims in token"
            ),
        ]
        for (claims, text) in cases { #expect(try await refusal(driver, claims) == "error validating token: \(text)") }
    }

    @Test("a token that ended is refused with the leeway of the role")
    func leeways() async throws {
        let driver = try await driver(role.with(["clock_skew_leeway": -1]))
        let now = driver.seconds
        #expect(try await refusal(driver, claims(driver, ["exp": .int(now)])) == nil)
        #expect(try await refusal(driver, claims(driver, ["exp": .int(now - 1)])) != nil)
        try await driver.send(.update, "role/app", ["clock_skew_leeway": "2m"])
        #expect(try await refusal(driver, claims(driver, ["exp": .int(now - 120)])) == nil)
        #expect(try await refusal(driver, claims(driver, ["exp": .int(now - 121)])) != nil)
        try await driver.send(.update, "role/app", ["expiration_leeway": 10, "clock_skew_leeway": -1])
        #expect(try await refusal(driver, claims(driver, ["iat": .int(now - 10)]).without("exp")) == nil)
        #expect(try await refusal(driver, claims(driver, ["iat": .int(now - 11)]).without("exp")) != nil)
    }

    @Test("bound claims are compared as they are in JSON")
    func boundClaims() async throws {
        let bounds: JSONObject = ["env": ["prod", "stage"], "id": 5, "ok": true, "/a/b": "x"]
        let driver = try await driver(role.with(["bound_claims": .object(bounds)]))
        let good = claims(driver, ["env": "prod", "id": 5, "ok": true, "a": ["b": ["y", "x"]]])
        #expect(try await refusal(driver, good) == nil)
        #expect(try await refusal(driver, good.with(["env": ["dev", "stage"]])) == nil)
        let cases: [(String, JSON?)] = [
            ("env", "dev"), ("env", "PROD"), ("env", []), ("env", nil), ("id", "5"), ("id", .number("5.0")), ("id", 50),
            ("ok", "true"),
            ("ok", false), ("ok", 1), ("a", "x"), ("a", ["b": "xx"]), ("env", ["prod": 1]), ("env", .null),
        ]
        for (name, value) in cases {
            let text = try await refusal(
                driver, value.map { good.with(JSONObject([.init(key: name, value: $0)])) } ?? good.without(name))
            #expect(text?.hasPrefix("error validating claims: ") == true, "\(name) \(String(describing: value))")
        }
    }

    @Test("globs match any text at their stars, and nothing else")
    func globs() async throws {
        let bounds: JSONObject = ["sub": "repo:o/r:ref:refs/heads/*", "wf": ["*/deploy.yml@*", "exact"]]
        let driver = try await driver(role.with(["bound_claims": .object(bounds), "bound_claims_type": "glob"]))
        let good = claims(driver, ["sub": "repo:o/r:ref:refs/heads/main", "wf": "o/r/deploy.yml@v1"])
        #expect(try await refusal(driver, good) == nil)
        #expect(try await refusal(driver, good.with(["wf": "exact"])) == nil)
        for (name, value) in [
            ("sub", "repo:o/r2:ref:refs/heads/main"), ("sub", "xrepo:o/r:ref:refs/heads/main"),
            ("sub", "repo:o/r:ref:refs/tags/v1"),
            ("wf", "exactly"), ("wf", "deploy.yml@v1"), ("wf", "o/deploy.yml"),
        ] {
            #expect(try await refusal(driver, good.with(JSONObject([.init(key: name, value: .string(value))]))) != nil, "\(value)")
        }
        #expect(try await refusal(driver, good.with(["wf": 5])) != nil)
    }

    @Test("claims become metadata and groups, and what cannot be is refused by its name")
    func identity() async throws {
        let driver = try await driver(
            role.with([
                "user_claim": "/user/id", "user_claim_json_pointer": true, "groups_claim": "groups",
                "claim_mappings": ["email": "mail", "/user/team": "team", "none": "absent"],
            ]))
        let good = claims(driver, ["user": ["id": "u-1", "team": "red"], "email": "a@b.c", "groups": ["g1", "", "g2"]])
        let token = try issuer.sign(good)
        let grant = try await driver.grant("login", ["role": "app", "jwt": .string(token)])
        #expect(grant.aliasName == "u-1" && grant.groupAliases == ["g1", "g2"])
        #expect(grant.metadata == ["role": "app", "mail": "a@b.c", "team": "red"])
        let one = try issuer.sign(good.with(["groups": "g1"]))
        #expect(try await driver.grant("login", ["role": "app", "jwt": .string(one)]).groupAliases == ["g1"])
        let cases: [(JSONObject, String)] = [
            (good.with(["user": ["team": "red"]]), "claim \"/user/id\" not found in token"),
            (good.with(["user": ["id": 7]]), "claim \"/user/id\" could not be converted to string"),
            (good.with(["user": ["id": ""]]), "claim \"/user/id\" must have 1 to 1024 bytes, without control characters"),
            (good.with(["user": ["id": "a\u{0}b"]]), "claim \"/user/id\" must have 1 to 1024 bytes, without control characters"),
            (good.with(["email": 7]), "error converting claim 'email' to string"),
            (good.without("groups"), "failed to fetch groups: \"groups\" claim not found in token"),
            (good.with(["groups": ["a": 1]]), "\"groups\" claim could not be converted to string list"),
            (good.with(["groups": ["g", 7]]), "a value in the \"groups\" claim could not be converted to string"),
            (
                good.with(["groups": .strings((0..<400).map { "\($0)" + String(repeating: "g", count: 100) })]),
                "the \"groups\" claim is larger than 32768 bytes"
            ),
        ]
        for (claims, text) in cases { #expect(try await refusal(driver, claims) == text) }
    }

    @Test("without a pointer a user claim with a slash is a name")
    func userClaimName() async throws {
        let driver = try await driver(role.with(["user_claim": "/user"]))
        #expect(try await refusal(driver, claims(driver, ["user": "no"])) == "claim \"/user\" not found in token")
        let token = try issuer.sign(claims(driver, ["/user": "yes"]))
        #expect(try await driver.grant("login", ["role": "app", "jwt": .string(token)]).aliasName == "yes")
    }

    @Test("a wrong address is refused with 403 before the token is looked at")
    func addresses() async throws {
        let driver = try await driver(role.with(["token_bound_cidrs": "10.0.0.0/8"]))
        let refusal = await driver.refusal(.update, "login", ["role": "app", "jwt": "nonsense"], from: "11.0.0.1")
        #expect(refusal?.code == .permissionDenied && refusal?.message == "permission denied")
    }

    @Test("no key but those of the issuer, and no algorithm but the configured ones")
    func signatures() async throws {
        let driver = try await driver()
        let other = try TokenIssuer()
        let foreign = try other.sign(claims(driver))
        let unsigned =
            "error validating token: error verifying token signature: no known key successfully validated the token signature"
        func message(_ token: String) async -> String? {
            await driver.refusal(.update, "login", ["role": "app", "jwt": .string(token)])?.message
        }
        #expect(await message(foreign) == unsigned)
        #expect(await message(try issuer.sign(claims(driver), keyID: "made-up")) == unsigned)
        #expect(await message(try issuer.sign(claims(driver), keyID: nil)) == nil)
        let source: JSONObject = ["jwks_url": .string(TokenIssuer.address + "/keys"), "jwt_supported_algs": "RS256,ES384"]
        try await driver.send(.update, "config", source)
        #expect(await message(try issuer.sign(claims(driver))) == "error validating token: token signed with unexpected algorithm")
    }

    @Test("what two programs may read in two ways is refused, though its signature is right")
    func duplicates() async throws {
        let driver = try await driver()
        // A signature of a payload with a duplicate member, which our own writer does not make.
        var members = claims(driver).members
        members.append(.init(key: "sub", value: "root"))
        let token = try issuer.sign(JSONObject(members))
        let message = await driver.refusal(.update, "login", ["role": "app", "jwt": .string(token)])?.message
        #expect(message == "error validating token: the payload of the token is not a valid JSON object")
    }

    @Test("an issuer that is down is told as such, without its address; known keys still work")
    func outage() async throws {
        let driver = try await driver()
        let token: JSON = .string(try issuer.sign(claims(driver)))
        #expect(await driver.refusal(.update, "login", ["role": "app", "jwt": token]) == nil)
        issuer.publish([])
        #expect(await driver.refusal(.update, "login", ["role": "app", "jwt": token]) == nil)
        // A new start of the server knows no keys.
        let restarted = try driver.restarted()
        let refusal = await restarted.refusal(.update, "login", ["role": "app", "jwt": token])
        #expect(refusal?.code == .unavailable && refusal?.message.contains("id.example") == false)
    }

    @Test("public keys and a shared secret verify without any request")
    func ownKeys() async throws {
        let secret = "0123456789abcdef0123456789abcdef"
        let driver = try await driver(configuration: ["jwt_shared_secret": .string(secret)])
        let signed =
            Base64.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8), as: .url) + "."
            + Base64.encode(claims(driver).encoded(), as: .url)
        let token = signed + "." + Base64.encode(hmac(Array(signed.utf8), key: Array(secret.utf8)), as: .url)
        #expect(await driver.refusal(.update, "login", ["role": "app", "jwt": .string(token)]) == nil)
        // The same secret in another kind of source is no secret, and a signature by a key is none of a secret.
        let shown = try await driver.data(.read, "config")
        #expect(shown["jwt_shared_secret"] == nil && shown["oidc_client_secret"] == nil && shown["status"] == "valid")
        let text = try await refusal(driver, claims(driver))
        #expect(text == "error validating token: token signed with unexpected algorithm")
        try await driver.send(.update, "config", ["jwks_url": .string(TokenIssuer.address + "/keys")])
        #expect(
            await driver.refusal(.update, "login", ["role": "app", "jwt": .string(token)])?.message
                == "error validating token: token signed with unexpected algorithm")
    }

    @Test("a token is verified with the keys of any of several sets")
    func pairs() async throws {
        let pairs: JSON = [
            ["jwks_url": .string(TokenIssuer.address + "/none"), "jwks_ca_pem": ""],
            ["jwks_url": .string(TokenIssuer.address + "/keys")],
        ]
        let driver = try await driver(configuration: ["jwks_pairs": pairs, "skip_jwks_validation": true])
        #expect(try await refusal(driver, claims(driver)) == nil)
        // A set that does not answer is not asked about the keys of another one.
        driver.time.advance(seconds: FetchedValues.pauseSeconds)
        let before = issuer.requests.count
        #expect(try await refusal(driver, claims(driver)) == nil)
        #expect(issuer.requests.count == before)
        #expect(try await driver.data(.read, "config")["status"] == "invalid")
    }

    @Test("a change of the configuration forgets the keys of the one before")
    func changedConfiguration() async throws {
        let driver = try await driver()
        #expect(try await refusal(driver, claims(driver)) == nil)
        let other = try TokenIssuer()
        issuer.publish([(other.key, "k1")])
        try await driver.send(.update, "config", ["jwks_url": .string(TokenIssuer.address + "/keys"), "bound_issuer": ""])
        #expect(try await refusal(driver, claims(driver)) != nil)
    }

    @Test("discovery pins the issuer")
    func discovery() async throws {
        let driver = try await driver(configuration: ["oidc_discovery_url": .string(TokenIssuer.address)])
        let good = claims(driver, ["iss": .string(TokenIssuer.address)])
        #expect(try await refusal(driver, good) == nil)
        for other in ["https://id.example/", "https://other.example", ""] {
            #expect(
                try await refusal(driver, good.with(["iss": .string(other)]))
                    == "error validating token: invalid issuer (iss) claim")
        }
        #expect(try await refusal(driver, good.without("iss")) == "error validating token: invalid issuer (iss) claim")
    }

    @Test("a renewal is refused when the role is another one or asks for something else")
    func renewal() async throws {
        let driver = try await driver(role.with(["groups_claim": "groups"]))
        let token = try issuer.sign(claims(driver, ["groups": ["g1"]]))
        let grant = try await driver.grant("login", ["role": "app", "jwt": .string(token)])
        let method = try #require(driver.method as? any AuthMethod)
        let held = HeldLogin(metadata: grant.metadata, facts: grant.facts)
        #expect(try await method.renewal(of: held).groupAliases == ["g1"])
        try await driver.send(.update, "role/app", ["token_ttl": 60])
        #expect(try await method.renewal(of: held).terms.ttl == 60)
        try await driver.send(.update, "role/app", ["bound_audiences": "other"])
        await #expect(throws: CofferError.self) { try await method.renewal(of: held) }
        try await driver.send(.update, "role/app", ["bound_audiences": ["coffer", "other"]])
        #expect(try await method.renewal(of: held).aliasName == "ada")
    }
}
