import EngineKit
import OAuth
import Records
import Syntax

extension JWTMethod {
    var callbackPath: EnginePath {
        func query(_ name: String, _ details: String) -> Field { Field(name, .string, query: true, details) }
        return EnginePath(
            "oidc/callback", "Where a provider sends the browser.",
            details: "In the mode direct it answers with pages. A form that the provider posts is stored until it is asked for.",
            fields: [
                query("state", "The state of the login."), query("code", "The code of the provider, or no_code after a form."),
                query("client_nonce", "What the program sent when it began the login."),
                query("error", "Why the provider refused."), query("error_description", "Is not looked at."),
                query("error_uri", "Is not looked at."), query("iss", "The issuer of the answer (RFC 9207)."),
                query("confirmation", "Set by the page that asks the person."),
            ],
            access: .unauthenticated,
            endpoints: [
                .read: .init("Complete a login.", completeLogin),
                .update: .init(
                    "Take the form of a provider.", takes: .bytes(max: FormBody.bytesMax), answers: "text/html", takeForm),
            ])
    }

    /// The errors of RFC 6749, 4.1.2.1, and of OpenID Connect Core, 3.1.2.6, which may be repeated.
    private static let providerErrors: Set = [
        "invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope", "server_error",
        "temporarily_unavailable", "interaction_required", "login_required", "account_selection_required", "consent_required",
    ]

    /// What a program sends in place of a code that this server has got with a form.
    private static let noCode = "no_code"

    private func completeLogin(_ request: Request) async throws -> Response {
        let state = request.fields.text("state")
        let isDirect = BrowserLogins.isDirect(state)
        do {
            guard let login = try await logins.find(state), login.deviceCode.isEmpty, !login.isSpent else { throw Self.expired }
            let role = try await role(of: login)
            guard isDirect == (role.callbackMode == .direct) else { throw Self.expired }
            return isDirect
                ? try await completeForServer(request, login, role: role, state: state)
                : try await completeForProgram(request, state: state)
        } catch let error as CofferError where isDirect {
            // Who is in front of a browser reads a page.
            return BrowserPage.failure(error.messages.first ?? "The login failed.")
        }
    }

    /// In the mode client, the program gets the token. The state is used up whatever comes of it.
    private func completeForProgram(_ request: Request, state: String) async throws -> Response {
        guard let login = try await logins.take(state) else { throw Self.expired }
        guard Self.isClient(request.fields.text("client_nonce"), of: login) else {
            throw CofferError.invalid("invalid client_nonce")
        }
        let role = try await role(of: login)
        let identity = try await exchanged(request, login, role: role)
        return Response(.none, auth: .grant(try grant(role, identity, displayName: request.displayName(identity.user))))
    }

    /// In the mode direct, the browser comes here, and the program asks for the token later.
    private func completeForServer(_ request: Request, _ login: BrowserLogin, role: JWTRole, state: String) async throws
        -> Response
    {
        let code = request.fields.text("code")
        let isRefused = !request.fields.text("error").isEmpty
        if !isRefused, !role.skipsConfirmation, request.fields.text("confirmation").isEmpty {
            return BrowserPage.confirmation(of: login, state: state, code: code, from: request.connection.remoteAddress)
        }
        let begun = try await logins.change(state) { login -> BrowserLogin? in
            guard !login.isSpent else { return nil }
            login.isSpent = true
            return login
        }
        guard let login = begun ?? nil else { throw Self.expired }
        do {
            let identity = try await exchanged(request, login, role: role)
            _ = try await logins.change(state) { $0.identity = identity }
            return BrowserPage.success
        } catch {
            // The program that waits is told that there is nothing to wait for.
            _ = try await logins.take(state)
            throw error
        }
    }

    /// Returns who signed in, for the code of a request.
    private func exchanged(_ request: Request, _ login: BrowserLogin, role: JWTRole) async throws -> JWTIdentity {
        guard role.tokens.bounds.allows(role.callbackMode == .direct ? login.address : request.connection.remoteAddress) else {
            throw CofferError.denied
        }
        guard let found = try await foundConfiguration(), found.value.isForBrowsers else {
            throw Self.failed("Could not load configuration")
        }
        if let error = request.fields.string("error"), !error.isEmpty {
            throw Self.failed(Self.providerErrors.contains(error) ? error : "The provider refused for an unknown reason.")
        }
        let provider = try await provider(found)
        // The answer of another provider, which somebody sends here to mix them up (RFC 9207).
        if let issuer = request.fields.string("iss"), issuer != provider.document.issuer {
            throw Self.failed("The answer is of another issuer.")
        }
        var code = request.fields.text("code")
        if code == Self.noCode { code = login.code }
        guard !code.isEmpty else {
            guard !login.idToken.isEmpty else { throw Self.failed("No code or id_token received.") }
            return try await identity(login.idToken, accessToken: "", of: login, role, configuration: found)
        }
        let tokens: OpenIDProvider.Tokens
        do {
            tokens = try await provider.exchange(code, of: login)
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
            return BrowserPage.failure("The provider refused the login.")
        }
        let stored = try await logins.change(state) { login -> BrowserLogin? in
            // A second form must not replace what the first one brought.
            guard login.deviceCode.isEmpty, !login.isSpent, login.code.isEmpty, login.idToken.isEmpty else { return nil }
            login.code = form["code"]
            login.idToken = form["id_token"]
            return login
        }
        guard let login = stored ?? nil else { return BrowserPage.failure("This login has expired, or was continued already.") }
        guard let role = try? await role(of: login), role.callbackMode == .direct else { return BrowserPage.received }
        if !role.skipsConfirmation {
            return BrowserPage.confirmation(of: login, state: state, code: Self.noCode, from: request.connection.remoteAddress)
        }
        return BrowserPage.received
    }
}
