import EngineKit
import Identity
import OAuth
import Records
import Syntax

extension IdentityTokens {
    /// The path `oidc/provider/…/authorize`.
    var authorizePath: EnginePath {
        EnginePath(
            "oidc/provider/{name}/authorize", "A code for a client that the caller logs in to (OpenID Connect Core, 3.1.2).",
            fields: [
                Self.nameField, Field("client_id", .string, "The client."),
                Field("redirect_uri", .string, "Where the client wants the code; one of its redirect_uris."),
                Field("response_type", .string, "Must be \"code\"."),
                Field("scope", .string, "Scopes, separated by spaces; \"openid\" must be among them."),
                Field("state", .string, "Is returned as it was sent."), Field("nonce", .string, "Is a claim of the ID token."),
                Field("code_challenge", .string, "The PKCE challenge (RFC 7636); required for public clients."),
                Field("code_challenge_method", .string, "Must be \"S256\" where there is a challenge."),
                Field("max_age", .string, "The most seconds since the caller logged in."),
                Field("response_mode", .string, "Must be \"query\" if it is sent."),
                Field("prompt", .string, "Is not looked at."), Field("display", .string, "Is not looked at."),
                Field("ui_locales", .string, "Is not looked at."), Field("login_hint", .string, "Is not looked at."),
                Field("id_token_hint", .string, "Is not looked at."), Field("acr_values", .string, "Is not looked at."),
                Field("request", .string, "Is not supported."), Field("request_uri", .string, "Is not supported."),
            ]
        )
        .reading("Return a code.", changesNothing: false) { request in try await answering { try await authorize(request) } }
        .updating("Return a code.") { request in try await answering { try await authorize(request) } }
    }

    /// The path `oidc/provider/…/sign-in`.
    var signInPath: EnginePath {
        EnginePath(
            "oidc/provider/{name}/sign-in", "The page to which clients send the browser of somebody who is to log in.",
            details: "It takes the parameters of authorize, which it asks for a code when the person has signed in.",
            fields: [Self.nameField], access: .unauthenticated
        )
        .reading("Return the page.", answers: "text/html") { request in
            _ = try await existingProvider(request)
            return SignInPage.response
        }
    }

    /// How long a code can be exchanged, in seconds.
    static let codeSeconds = 300
    /// The most codes of an entity that end in the same minute.
    static let codesPerMinuteMax = 120
    /// How many seconds more than `max_age` may have passed since a login, because the way from the login to `authorize` takes time:
    /// otherwise nobody could satisfy `max_age=0`, which asks for a new login.
    static let maxAgeLeeway = 5
    private static let stateBytesMax = 4_096
    private static let nonceBytesMax = 1_024
    private static let scopeBytesMax = 4_096

    private func authorize(_ request: Request) async throws -> Response {
        let state = request.fields.text("state")
        guard state.utf8.count <= Self.stateBytesMax else { throw ProviderError("invalid_request", "the state is too long") }
        let name = request.captures["name"]
        guard let provider = try await provider(name) else {
            var refusal = ProviderError("invalid_request", "provider not found")
            refusal.state = state
            throw refusal
        }
        let issuer = try await issuer(of: provider, named: name)
        do {
            let code = try await issueCode(request, provider, named: name)
            return .bare(["code": .string(code), "state": .string(state), "iss": .string(issuer)])
        } catch var refusal as ProviderError {
            // A refusal names its issuer, too (RFC 9207, 2).
            (refusal.state, refusal.issuer) = (state, issuer)
            throw refusal
        }
    }

    private func issueCode(_ request: Request, _ provider: Provider, named name: String) async throws -> String {
        let redirect = request.fields.text("redirect_uri")
        guard let client = try await client(id: request.fields.text("client_id"))?.client else {
            throw ProviderError("invalid_client_id", "client with client_id not found")
        }
        guard RedirectURI.isAllowed(redirect, by: client.redirectURIs) else {
            throw ProviderError("invalid_redirect_uri", "redirect_uri is not allowed for the client")
        }
        var code = try await checkedCode(request, client, of: provider)
        (code.provider, code.redirectURI) = (name, redirect)
        return try await store(code)
    }

    /// Returns what a code stands for, after checking everything that was asked for.
    private func checkedCode(_ request: Request, _ client: Client, of provider: Provider) async throws -> AuthorizationCode {
        let fields = request.fields
        guard provider.allows(clientID: client.clientID) else {
            throw ProviderError("unauthorized_client", "client is not authorized to use the provider")
        }
        guard try await keys.find(client.key)?.settings.allows(clientID: client.clientID) == true else {
            throw ProviderError.keyOfOthers
        }
        guard fields.text("request").isEmpty else {
            throw ProviderError("request_not_supported", "request parameter is not supported")
        }
        guard fields.text("request_uri").isEmpty else {
            throw ProviderError("request_uri_not_supported", "request_uri parameter is not supported")
        }
        guard fields.text("response_type") == "code" else {
            throw ProviderError("unsupported_response_type", "response_type must be \"code\"")
        }
        guard fields.string("response_mode").map({ $0 == "query" }) ?? true else {
            throw ProviderError("invalid_request", "response_mode must be \"query\"")
        }
        let scope = fields.text("scope")
        guard scope.utf8.count <= Self.scopeBytesMax else { throw ProviderError("invalid_scope", "the scope is too long") }
        let asked = scope.splitUTF8(at: " ").map(String.init)
        guard asked.contains(Scope.openID) else { throw ProviderError("invalid_scope", "openid scope must be requested") }
        let nonce = fields.text("nonce")
        guard nonce.utf8.count <= Self.nonceBytesMax else { throw ProviderError("invalid_request", "the nonce is too long") }
        let challenge = try Self.challenge(fields, of: client)
        guard let entity = try await callersEntity(request) else {
            throw ProviderError("access_denied", "identity entity must be associated with the request")
        }
        guard try await isAssigned(entity, to: client) else {
            throw ProviderError("access_denied", "identity entity not authorized by client assignment")
        }
        // Scopes that the provider does not have are ignored (OpenID Connect Core, 3.1.2.1).
        let scopes = provider.scopes.filter { asked.contains($0) }
        // What cannot be answered later is refused now.
        _ = try await claims(of: scopes, for: entity)
        return AuthorizationCode(
            provider: "", clientID: client.clientID, redirectURI: "", entityID: entity.id,
            scopes: scopes, nonce: nonce, challenge: challenge,
            loggedInAt: try await loggedInAt(request), expiresAt: time.now().seconds + Self.codeSeconds)
    }

    /// Returns the challenge of PKCE, or an empty text for none. Only the method S256 is accepted: with `plain` the challenge is the
    /// verifier, so whoever sees the address of the request could use the code.
    private static func challenge(_ fields: Fields, of client: Client) throws -> String {
        let (challenge, method) = (fields.text("code_challenge"), fields.text("code_challenge_method"))
        guard !challenge.isEmpty else {
            guard client.kind == .confidential else {
                throw ProviderError("invalid_request", "PKCE is required for public clients")
            }
            guard method.isEmpty else { throw ProviderError("invalid_request", "code_challenge_method needs a code_challenge") }
            return ""
        }
        guard method == "S256" else { throw ProviderError("invalid_request", "code_challenge_method must be S256") }
        guard challenge.utf8.count == 43, Base64.decode(challenge, as: .url, allowing: [.strayBits]) != nil else {
            throw ProviderError("invalid_request", "code_challenge must be the SHA-256 of the verifier in base64url")
        }
        return challenge
    }

    /// Returns whether an assignment of the client has the entity.
    func isAssigned(_ entity: ResolvedEntity, to client: Client) async throws -> Bool {
        if client.assignments.contains(Assignment.allowAll) { return true }
        for name in client.assignments where try await assignments.find(name)?.value.has(entity) == true { return true }
        return false
    }

    /// Returns when the caller logged in, in seconds since 1970, or 0 if the client does not ask.
    private func loggedInAt(_ request: Request) async throws -> Int {
        let text = request.fields.text("max_age")
        guard !text.isEmpty else { return 0 }
        guard text.utf8.count <= 9, text.utf8.allSatisfy(\.isASCIIDigit), let seconds = Int(text) else {
            throw ProviderError("invalid_request", "max_age must be a number of seconds")
        }
        guard let moment = try await surroundings.loggedInAt(request) else {
            throw ProviderError("login_required", "it is not known when the caller logged in; log in with an auth method")
        }
        guard time.now() <= moment.adding(seconds: seconds + Self.maxAgeLeeway) else {
            throw ProviderError("login_required", "active re-authentication is required by max_age")
        }
        return moment.seconds
    }

    private func store(_ code: AuthorizationCode) async throws -> String {
        let made = codes.make(endingAt: code.expiresAt, of: code.entityID)
        guard try await codes.folders.hasRoom(in: made.folder, perOwnerMax: Self.codesPerMinuteMax) else {
            throw CofferError.tooMany("too many codes were issued to this entity", inTheMinuteOf: code.expiresAt)
        }
        try await codes.table.edit(made.name) { stored, _ in stored = code }
        return made.text
    }
}
