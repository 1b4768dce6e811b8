import AuthMethods
import EngineKit
import Outbound
import Syntax
import TestSupport
import Testing

/// Forms that a provider posts to the server itself: whoever signed in brings them, and need not have begun the login.
extension BrowserLoginTests {
    private static let server = "https://coffer.example/v1/auth/oidc/oidc/callback"
    private static let unconfirmed = "Login failed. Nobody has confirmed the login in the browser."

    private func formDriver(_ more: JSONObject = [:], types: String = "code") async throws -> AuthDriver {
        try await driver(
            (["allowed_redirect_uris": .array([.string(Self.server), .string(redirect)])] as JSONObject).with(more),
            configuration: ["oidc_response_mode": "form_post", "oidc_response_types": .string(types)])
    }

    private func beginAtServer(_ driver: AuthDriver) async throws -> BegunLogin {
        try await begin(driver, ["client_nonce": "n-1", "redirect_uri": .string(Self.server)])
    }

    private func poll(_ driver: AuthDriver, _ begun: BegunLogin) async -> String? {
        await driver.refusal(.update, "oidc/poll", ["state": .string(begun.state), "client_nonce": "n-1"])?.message
    }

    @Test(
        "in the mode direct, whoever began the login cannot confirm the form of whoever signed in", arguments: ["code", "id_token"])
    func directForm(type: String) async throws {
        let driver = try await formDriver(["callback_mode": "direct"], types: type)
        let begun = try await beginAtServer(driver)
        let token = try issuer.sign(claims(driver, begun))
        issuer.give(token)
        let brought = type == "code" ? "code=c-2" : "id_token=\(token)"
        let question = try page(try await driver.post("oidc/callback", "state=\(begun.state)&\(brought)"))
        #expect(question.status == 200 && question.text.contains("Confirm the login"))
        let value = try confirmation(in: question.text)
        // The initiator knows the state, and nothing of what the provider sent.
        let guesses: [JSONObject] = [
            [:], ["confirmation": "yes"], ["confirmation": .string(String(repeating: "0", count: 64))],
            ["confirmation": .string(String(value.dropLast()))], ["code": ""], ["code": "", "confirmation": "yes"],
        ]
        for guess in guesses {
            let answer = try page(try await callback(driver, begun, (["code": "no_code"] as JSONObject).with(guess)))
            #expect(answer.status == 400 && !answer.text.contains(value), "\(guess)")
        }
        // The page for a code that he makes up is not one for the form.
        let other = try page(try await callback(driver, begun, ["code": "c-9"]))
        let foreign: JSONObject = ["code": "no_code", "confirmation": .string(try confirmation(in: other.text))]
        #expect(try page(try await callback(driver, begun, foreign)).status == 400)
        #expect(await poll(driver, begun) == "authorization_pending")
        let yes: JSONObject = ["code": "no_code", "confirmation": .string(value)]
        #expect(try page(try await callback(driver, begun, yes)).text.contains("You are signed in"))
        #expect(
            try await driver.grant("oidc/poll", ["state": .string(begun.state), "client_nonce": "n-1"]).aliasName == "ada")
    }

    @Test("in the mode direct without a question, the form completes the login")
    func directFormWithoutQuestion() async throws {
        let driver = try await formDriver(["callback_mode": "direct", "oidc_disable_confirmation": true])
        let begun = try await beginAtServer(driver)
        issuer.give(try issuer.sign(claims(driver, begun)))
        let done = try page(try await driver.post("oidc/callback", "state=\(begun.state)&code=c-2"))
        #expect(done.text.contains("You are signed in") && issuer.lastForm["code"] == "c-2")
        #expect(
            try await driver.grant("oidc/poll", ["state": .string(begun.state), "client_nonce": "n-1"]).aliasName == "ada")
        let refused = try await beginAtServer(driver)
        issuer.refuse("invalid_grant")
        #expect(try page(try await driver.post("oidc/callback", "state=\(refused.state)&code=c-3")).status == 400)
        #expect(await poll(driver, refused) == "Login failed. Expired or missing OAuth state.")
    }

    @Test("in the mode client, the program gets what came to the server only once the person has confirmed")
    func clientForm() async throws {
        let driver = try await formDriver()
        let begun = try await beginAtServer(driver)
        issuer.give(try issuer.sign(claims(driver, begun)))
        let question = try page(try await driver.post("oidc/callback", "state=\(begun.state)&code=c-2"))
        #expect(question.text.contains("Confirm the login"))
        let ask: JSONObject = ["code": "no_code", "client_nonce": "n-1"]
        #expect(await refusal(driver, begun, ask) == Self.unconfirmed)
        #expect(await refusal(driver, begun, ask.with(["code": ""])) == Self.unconfirmed)
        #expect(try page(try await callback(driver, begun, ask.with(["confirmation": "yes"]))).status == 400)
        #expect(await refusal(driver, begun, ask) == Self.unconfirmed)
        #expect(!issuer.requests.contains { $0.url.hasSuffix("/token") })
        let yes: JSONObject = ["code": "no_code", "confirmation": .string(try confirmation(in: question.text))]
        #expect(try page(try await callback(driver, begun, yes)).text.contains("Return to the program"))
        guard case .grant(let grant)? = try await callback(try driver.restarted(), begun, ask).auth else {
            throw CofferError.notFound
        }
        #expect(grant.aliasName == "ada" && issuer.lastForm["code"] == "c-2")
    }

    @Test("in the mode client, a role may do without the question")
    func clientFormWithoutQuestion() async throws {
        let driver = try await formDriver(["oidc_disable_confirmation": true])
        let begun = try await beginAtServer(driver)
        issuer.give(try issuer.sign(claims(driver, begun)))
        let page = try page(try await driver.post("oidc/callback", "state=\(begun.state)&code=c-2"))
        #expect(page.text.contains("Return to the program"))
        #expect(await refusal(driver, begun, ["code": "no_code", "client_nonce": "n-1"]) == nil)
    }

    @Test("a form of another provider is refused: a mix-up")
    func formMixUp() async throws {
        let driver = try await formDriver()
        let begun = try await begin(driver)
        let foreign = try page(try await driver.post("oidc/callback", "state=\(begun.state)&code=c&iss=https%3A%2F%2Fevil.example"))
        #expect(foreign.status == 400)
        let own = try page(try await driver.post("oidc/callback", "state=\(begun.state)&code=c&iss=https%3A%2F%2Fid.example"))
        #expect(own.text.contains("Return to the program"))
    }
}
