import AuthMethods
import EngineKit
import Logging
import Outbound
import Syntax
import TestSupport
import Testing

@Suite("What a provider refuses is in the log, without secrets and once a minute")
struct RefusedByProviderTests {
    private let issuer: TokenIssuer
    private let log = CollectedLog(from: .warning)
    init() throws { issuer = try TokenIssuer() }

    private func driver(mode: String = "client") async throws -> AuthDriver {
        let driver = try AuthDriver(JWTMethod.description("oidc", outbound: issuer.outbound), logger: log.logger)
        try await driver.send(
            .update, "config",
            [
                "oidc_discovery_url": .string(TokenIssuer.address), "oidc_client_id": .string(TokenIssuer.client),
                "oidc_client_secret": "canary-secret", "jwt_supported_algs": "ES256", "default_role": "app",
            ])
        try await driver.send(
            .update, "role/app",
            [
                "user_claim": "sub", "allowed_redirect_uris": "http://localhost:8250/oidc/callback", "callback_mode": .string(mode),
                "bound_claims": ["hd": "example.com"],
            ])
        return driver
    }

    private func begin(_ driver: AuthDriver) async throws -> BegunLogin {
        try BegunLogin(
            try await driver.data(
                .update, "oidc/auth_url", ["redirect_uri": "http://localhost:8250/oidc/callback", "client_nonce": "canary-nonce"]))
    }

    private func complete(_ driver: AuthDriver, _ more: JSONObject = [:]) async throws {
        let begun = try await begin(driver)
        let query: JSONObject = ["state": .string(begun.state), "code": "canary-code", "client_nonce": "canary-nonce"]
        #expect(await driver.refusal(.read, "oidc/callback", query.with(more)) != nil)
    }

    private func checkLines(_ count: Int, _ reason: String) {
        #expect(log.wholeLines.count == count && log.wholeLines.last?.contains(reason) == true, "\(log.wholeLines)")
        #expect(!log.wholeLines.joined().contains("canary") && !log.wholeLines.joined().contains("?"))
    }

    @Test("a wrong client secret names the settings to check, and its repetitions are counted")
    func wrongSecret() async throws {
        let driver = try await driver()
        issuer.refuse("invalid_client")
        for _ in 0..<3 { try await complete(driver) }
        checkLines(1, "invalid_client: check oidc_client_id and oidc_client_secret")
        driver.time.advance(seconds: 61)
        try await complete(driver)
        checkLines(2, "times=3")
    }

    @Test("an error of no standard is not repeated")
    func strangeError() async throws {
        let driver = try await driver()
        issuer.refuse("canary-error")
        try await complete(driver)
        checkLines(1, "an error that no standard has")
        try await complete(driver, ["error": "canary-error", "code": ""])
        checkLines(1, "an error that no standard has")
        try await complete(driver, ["error": "access_denied", "code": ""])
        checkLines(2, "access_denied")
    }

    @Test("a device that the provider refuses, too")
    func device() async throws {
        let driver = try await driver(mode: "device")
        issuer.refuse("invalid_client")
        let begun = try await begin(driver)
        driver.time.advance(seconds: 5)
        let body: JSONObject = ["state": .string(begun.state), "client_nonce": "canary-nonce"]
        #expect(await driver.refusal(.update, "oidc/poll", body)?.message == "authorization failed")
        checkLines(1, "invalid_client")
    }

    @Test("a pending device is no refusal", arguments: ["authorization_pending", "slow_down"])
    func pending(error: String) async throws {
        let driver = try await driver(mode: "device")
        issuer.refuse(error)
        let begun = try await begin(driver)
        driver.time.advance(seconds: 5)
        _ = await driver.refusal(.update, "oidc/poll", ["state": .string(begun.state), "client_nonce": "canary-nonce"])
        #expect(log.wholeLines.isEmpty)
    }

    @Test("the callback of a provider completes a login, so it is no mere read")
    func declaration() async throws {
        let (path, _) = try #require(try await driver().declared("oidc/callback"))
        #expect(path.endpoint(for: .read)?.changesNothing == false)
    }
}
