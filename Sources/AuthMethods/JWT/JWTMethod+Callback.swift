import EngineKit
import OAuth
import Records
import SecretMemory
import Syntax

extension JWTMethod {
    var callbackPath: EnginePath {
        func query(_ name: String, _ details: String) -> Field { Field(name, .string, query: true, details) }
        return EnginePath(
            "oidc/callback", "Where a provider sends the browser.",
            details:
                "In the mode direct it answers with pages. A form that the provider posts is stored until the person confirms it.",
            fields: [
                query("state", "The state of the login."), query("code", "The code of the provider, or no_code after a form."),
                query("client_nonce", "What the program sent when it began the login."),
                query("error", "Why the provider refused."), query("error_description", "Is not looked at."),
                query("error_uri", "Is not looked at."), query("iss", "The issuer of the answer (RFC 9207)."),
                query("confirmation", "What the page that asks the person contains; nobody else knows it."),
            ],
            access: .unauthenticated
        )
        .reading("Complete a login.", changesNothing: false) { try await completeLogin($0) }
        .updating("Take the form of a provider.", takes: .bytes(max: FormBody.bytesMax), answers: "text/html") {
            try await takeForm($0)
        }
    }

    /// What a program sends in place of a code that this server has got with a form.
    private static let noCode = "no_code"

    /// What a provider answered, with the browser or with a form.
    private struct Answer {
        var code: String
        var idToken = ""
        /// Why the provider refused; empty if it did not.
        var error = ""
        var issuer: String?
        /// Whether it came with a form, which this server has stored.
        var isOfForm = false

        /// Reads the answer that a browser or a program brought for a login, or takes the form that is stored for it.
        init(_ request: Request, of login: BrowserLogin) {
            code = request.fields.text("code")
            error = request.fields.text("error")
            issuer = request.fields.string("iss")
            guard code.isEmpty || code == JWTMethod.noCode else { return }
            (code, idToken, isOfForm) = (login.code, login.idToken, true)
        }

        /// Takes the form that is stored for a login.
        init(storedFor login: BrowserLogin) {
            (code, idToken, isOfForm) = (login.code, login.idToken, true)
        }
    }

    private func completeLogin(_ request: Request) async throws -> Response {
        let state = request.fields.text("state")
        let isDirect = BrowserLogins.isDirect(state)
        let confirmation = request.fields.text("confirmation")
        // Who is in front of a browser reads a page.
        let isForBrowser = isDirect || !confirmation.isEmpty
        do {
            guard let login = try await logins.find(state), login.deviceCode.isEmpty, !login.isSpent else { throw Self.expired }
            let role = try await role(of: login)
            guard isDirect == (role.callbackMode == .direct) else { throw Self.expired }
            let answer = Answer(request, of: login)
            guard isForBrowser else { return try await completeForProgram(request, answer, of: login, role: role, state: state) }
            guard isDirect else { return try await confirmForm(confirmation, answer, state: state) }
            let isConfirmed = try await isConfirmed(confirmation, answer, state: state)
            if answer.error.isEmpty, !role.skipsConfirmation, !isConfirmed {
                // Whoever began the login knows its state. The page that confirms a form is for whoever brought that form.
                guard !answer.isOfForm, confirmation.isEmpty else { throw Self.unconfirmed }
                return try await question(answer, of: login, state: state, request)
            }
            return try await completeForServer(answer, role: role, state: state, address: request.connection.remoteAddress)
        } catch let error as CofferError where isForBrowser {
            return BrowserPage.failure(error.messages.first ?? "The login failed.")
        }
    }

    private static let unconfirmed = failed("Nobody has confirmed the login in the browser.")

    /// Asks the person in front of a browser whether the login is theirs.
    private func question(_ answer: Answer, of login: BrowserLogin, state: String, _ request: Request) async throws -> Response {
        BrowserPage.confirmation(
            of: login, state: state, code: answer.isOfForm ? Self.noCode : answer.code,
            confirmation: try await logins.confirmation(state, code: answer.code, idToken: answer.idToken),
            from: request.connection.remoteAddress)
    }

    /// Returns whether the text is what the page with the question contains for this very answer of the provider.
    private func isConfirmed(_ confirmation: String, _ answer: Answer, state: String) async throws -> Bool {
        let expected = try await logins.confirmation(state, code: answer.code, idToken: answer.idToken)
        return constantTimeEqual(Array(confirmation.utf8), Array(expected.utf8))
    }

    /// In the mode client, lets the program use the form that a provider posted to this server.
    private func confirmForm(_ confirmation: String, _ answer: Answer, state: String) async throws -> Response {
        guard answer.isOfForm, try await isConfirmed(confirmation, answer, state: state) else { throw Self.unconfirmed }
        guard try await logins.change(state, { $0.isConfirmed = true }) != nil else { throw Self.expired }
        return BrowserPage.received
    }

    /// Returns whether the form of a login may be used. A program that gets the form itself, on its own machine, has seen to whose it
    /// is. A form that came to this server was brought by whoever signed in, who need not have begun the login.
    private static func mayUseForm(of login: BrowserLogin, _ role: JWTRole) -> Bool {
        login.isConfirmed || role.skipsConfirmation || RedirectURI.isLoopback(login.redirectURI)
    }

    /// In the mode client, the program gets the token. The state is used up whatever comes of it, except that a program may ask again
    /// that has come before the person confirmed.
    private func completeForProgram(
        _ request: Request, _ answer: Answer, of login: BrowserLogin, role: JWTRole, state: String
    ) async throws -> Response {
        // The answer is that of the login as it was found here, so that a form which arrives meanwhile is not used.
        guard !answer.isOfForm || !login.hasForm || Self.mayUseForm(of: login, role) else { throw Self.unconfirmed }
        guard let login = try await logins.take(state) else { throw Self.expired }
        guard Self.isClient(request.fields.text("client_nonce"), of: login) else {
            throw CofferError.invalid("invalid client_nonce")
        }
        let identity = try await exchanged(answer, of: login, role: role, address: request.connection.remoteAddress)
        return Response(.none, auth: .grant(try grant(role, identity, displayName: request.displayName(identity.user))))
    }

    /// In the mode direct, the browser comes here, and the program asks for the token later.
    private func completeForServer(_ answer: Answer, role: JWTRole, state: String, address: String) async throws -> Response {
        let begun = try await logins.change(state) { login -> BrowserLogin? in
            guard !login.isSpent else { return nil }
            login.isSpent = true
            return login
        }
        guard let login = begun ?? nil else { throw Self.expired }
        do {
            let identity = try await exchanged(answer, of: login, role: role, address: address)
            guard try await logins.change(state, { $0.identity = identity }) != nil else { throw Self.expired }
            return BrowserPage.success
        } catch {
            // The program that waits is told that there is nothing to wait for.
            _ = try await logins.take(state)
            throw error
        }
    }

    /// Returns who signed in, for the answer of the provider.
    private func exchanged(_ answer: Answer, of login: BrowserLogin, role: JWTRole, address: String) async throws -> JWTIdentity {
        guard role.tokens.bounds.allows(role.callbackMode == .direct ? login.address : address) else { throw CofferError.denied }
        guard let found = try await foundConfiguration(), found.value.isForBrowsers else {
            throw Self.failed("Could not load configuration")
        }
        guard answer.error.isEmpty else {
            calls.logRefusal(answer.error)
            throw Self.failed(
                ProviderCalls.errors.contains(answer.error) ? answer.error : "The provider refused for an unknown reason.")
        }
        let provider = try await provider(found, of: login)
        // The answer of another provider, which somebody sends here to mix them up (RFC 9207).
        if let issuer = answer.issuer, !issuer.equalsUTF8(provider.document.issuer) {
            throw Self.failed("The answer is of another issuer.")
        }
        guard !answer.code.isEmpty else {
            guard !answer.idToken.isEmpty else { throw Self.failed("No code or id_token received.") }
            return try await identity(answer.idToken, accessToken: "", of: login, role, configuration: found)
        }
        let tokens: OpenIDProvider.Tokens
        do {
            tokens = try await provider.exchange(answer.code, of: login)
        } catch is OpenIDProvider.Refusal {
            throw Self.failed("The provider did not accept the code.")
        } catch {
            throw JWTKeys.unavailable
        }
        return try await identity(tokens.idToken, accessToken: tokens.accessToken, of: login, role, configuration: found)
    }

    /// Stores what a provider posts, until the program or the person asks for the rest.
    private func takeForm(_ request: Request) async throws -> Response {
        guard let found = try await foundConfiguration() else { throw Self.failed("Could not load configuration.") }
        guard found.value.takesForms else { throw CofferError(.methodNotAllowed, "oidc_response_mode is not form_post") }
        guard let body = request.rawBody,
            let form = body.contentType == "application/json" ? FormBody(json: body.bytes) : FormBody(body.bytes)
        else { return BrowserPage.failure("The form is malformed.") }
        let state = form["state"]
        if !form["error"].isEmpty {
            guard try await logins.take(state) != nil else { return BrowserPage.failure("This login has expired.") }
            calls.logRefusal(form["error"])
            return BrowserPage.failure("The provider refused the login.")
        }
        let stored = try await logins.change(state) { login -> BrowserLogin? in
            // A second form must not replace what the first one brought.
            guard login.deviceCode.isEmpty, !login.isSpent, !login.hasForm else { return nil }
            // The answer of another provider, which somebody sends here to mix them up (RFC 9207).
            guard form["iss"].isEmpty || login.issuer.isEmpty || form["iss"].equalsUTF8(login.issuer) else { return nil }
            login.code = form["code"]
            login.idToken = form["id_token"]
            return login
        }
        guard let login = stored ?? nil else {
            return BrowserPage.failure("This login has expired, was continued already, or is not for this provider.")
        }
        do {
            let role = try await role(of: login)
            let answer = Answer(storedFor: login)
            guard role.callbackMode == .direct else {
                if Self.mayUseForm(of: login, role) { return BrowserPage.received }
                return try await question(answer, of: login, state: state, request)
            }
            guard role.skipsConfirmation else { return try await question(answer, of: login, state: state, request) }
            return try await completeForServer(answer, role: role, state: state, address: request.connection.remoteAddress)
        } catch let error as CofferError {
            return BrowserPage.failure(error.messages.first ?? "The login failed.")
        }
    }
}
