import AuthMethods
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

/// What a provider can say, and what strangers can make the server ask it.
extension BrowserLoginTests {
    @Test("a login that began without a nonce is none that a program with one completes")
    func nonceOfNobody() async throws {
        let driver = try await driver()
        let begun = try await begin(driver)
        issuer.give(try issuer.sign(claims(driver, begun)))
        #expect(await refusal(driver, begun, ["client_nonce": "n-1"]) == "invalid client_nonce")
        let own = try await begin(driver)
        issuer.give(try issuer.sign(claims(driver, own)))
        #expect(await refusal(driver, own) == nil)
    }

    @Test("the provider is asked about devices no more often than logins may begin, even if it always fails")
    func boundedDevices() async throws {
        let driver = try await driver(["callback_mode": "device"])
        issuer.failsDevices = true
        let body: JSONObject = ["client_nonce": "n-1"]
        for _ in 0..<300 {
            #expect(await driver.refusal(.update, "oidc/auth_url", body)?.code == .unavailable)
        }
        #expect(await driver.refusal(.update, "oidc/auth_url", body)?.code == .rateLimited)
        #expect(issuer.requests.count { $0.url.hasSuffix("/device") } == 300)
    }

    @Test("claims of userinfo replace no claim of the token")
    func userInfoReplacesNothing() async throws {
        let driver = try await driver(["claim_mappings": ["email": "mail", "team": "team"], "groups_claim": "groups"])
        let begun = try await begin(driver)
        issuer.give(
            try issuer.sign(claims(driver, begun, ["groups": ["staff"], "email": "ada@example.com"])),
            userInfo: ["sub": "ada", "groups": ["admins"], "email": "eve@example.com", "hd": "evil.example", "team": "red"])
        guard case .grant(let grant)? = try await callback(driver, begun).auth else { throw CofferError.notFound }
        #expect(grant.groupAliases == ["staff"] && grant.metadata["mail"] == "ada@example.com" && grant.metadata["team"] == "red")
    }

    @Test("texts that look alike are not the same")
    func lookAlikes() async throws {
        // The same letter in one scalar and in two.
        let (one, two) = ("caf\u{E9}", "cafe\u{301}")
        let driver = try await driver(["bound_subject": .string(one)])
        let begun = try await begin(driver)
        issuer.give(try issuer.sign(claims(driver, begun, ["sub": .string(two)])))
        #expect(await refusal(driver, begun) == "Login failed. sub claim does not match bound subject")
        let audience = try await self.driver(["bound_audiences": .string(one)])
        let other = try await begin(audience)
        issuer.give(
            try issuer.sign(claims(audience, other, ["aud": .array([.string(two), .string(TokenIssuer.client)])])))
        #expect(await refusal(audience, other) == "Token verification failed. The ID token has no audience of the role.")
    }

    @Test("a code that is asked for together with an ID token has PKCE too", arguments: ["code,id_token", "id_token"])
    func hybrid(types: String) async throws {
        let driver = try await driver(configuration: ["oidc_response_mode": "form_post", "oidc_response_types": .string(types)])
        let begun = try await begin(driver)
        #expect((begun.query["code_challenge"] != nil) == (types != "id_token"))
    }

    @Test("a login ends when the mount gets another provider", arguments: ["client", "device"])
    func otherProvider(mode: String) async throws {
        let driver = try await driver(["callback_mode": .string(mode)])
        let begun = try await begin(driver, ["client_nonce": "n-1"])
        issuer.give(try issuer.sign(claims(driver, begun)))
        let other = "https://other.example"
        issuer.alsoKnownAs = other
        try await driver.send(.update, "config", configuration.with(["oidc_discovery_url": .string(other)]))
        let text = "Login failed. The provider of this mount has changed; begin the login again."
        if mode == "client" {
            #expect(await refusal(driver, begun, ["client_nonce": "n-1"]) == text)
        } else {
            driver.time.advance(seconds: 5)
            let body: JSONObject = ["state": .string(begun.state), "client_nonce": "n-1"]
            #expect(await driver.refusal(.update, "oidc/poll", body)?.message == text)
        }
        #expect(!issuer.requests.contains { $0.url.hasSuffix("/token") })
    }

    @Test("a login in direct mode that expires while the code is exchanged has not succeeded")
    func expiredMeanwhile() async throws {
        let driver = try await driver(["callback_mode": "direct", "oidc_disable_confirmation": true])
        let begun = try await begin(driver, ["client_nonce": "n-1"])
        issuer.give(try issuer.sign(claims(driver, begun, ["exp": .int(driver.seconds + 3_000)])))
        issuer.whenExchanging { driver.time.advance(seconds: 600) }
        let answer = try page(try await callback(driver, begun))
        #expect(answer.status == 400 && answer.text.contains("Expired"))
    }
}
