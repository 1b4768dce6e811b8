import Crypto
import EngineKit
import JOSE
import Logging
import OAuth
import Records
import SecretMemory
import Syntax

extension JWTMethod {
    var browserPaths: [EnginePath] { [authorizationPath, callbackPath, pollPath] }

    private var authorizationPath: EnginePath {
        EnginePath(
            "oidc/auth_url", "Begin a login in a browser.",
            fields: [
                Self.roleField,
                Field("redirect_uri", .string, "Where the provider sends the browser; not used with other devices."),
                Field("client_nonce", .string, "A random text that must be sent again; required in the modes direct and device."),
            ],
            access: .unauthenticated, endpoints: [.update: .init("Return the address at which to sign in.", begin)])
    }

    // MARK: Beginning

    private static let nonceBytesMax = 1_024
    static let defaultInterval = 5

    private func begin(_ request: Request) async throws -> Response {
        guard let found = try await foundConfiguration() else { throw CofferError.invalid("could not load configuration") }
        guard found.value.isForBrowsers else { throw CofferError.invalid("OIDC login is not configured for this mount") }
        let role = try await role(named: request.fields.string("role"), found.value)
        let clientNonce = request.fields.text("client_nonce")
        guard !clientNonce.isEmpty || role.callbackMode == .client else { throw CofferError.invalid("missing client_nonce") }
        guard clientNonce.utf8.count <= Self.nonceBytesMax else { throw CofferError.invalid("field 'client_nonce' is too long") }
        guard role.kind == .oidc, role.tokens.bounds.allows(request.connection.remoteAddress) else { return Self.nowhere }
        var login = BrowserLogin(role: role.name, roleUID: role.uid)
        login.address = request.connection.remoteAddress
        login.clientNonce = Self.digest(clientNonce)
        if role.callbackMode == .device { return try await beginDevice(login, role, configuration: found) }
        guard let redirect = request.fields.string("redirect_uri"), !redirect.isEmpty else {
            throw CofferError.invalid("missing redirect_uri")
        }
        guard RedirectURI.isAllowed(redirect, by: role.redirectURIs) else {
            troubles.warn("a login in a browser named a redirect URI that its role does not allow", reason: "role \(role.name)")
            return Self.nowhere
        }
        // A browser that comes from a page of the server posts the form to the server itself.
        login.redirectURI = found.value.takesForms ? Self.firstReplaced("/ui/vault/", with: "/v1/", in: redirect) : redirect
        login.nonce = PKCE.verifier(randomness)
        login.verifier = found.value.asksForCode ? PKCE.verifier(randomness) : ""
        login.interval = role.pollInterval > 0 ? role.pollInterval : Self.defaultInterval
        let provider = try await provider(found)
        login.issuer = provider.document.issuer
        // The address is made first, so that nothing is stored for a provider without one.
        guard provider.signInAddress(login, role, state: "") != nil else { throw JWTKeys.unavailable }
        let state = try await logins.begin(login, isDirect: role.callbackMode == .direct)
        var data: JSONObject = ["auth_url": .string(provider.signInAddress(login, role, state: state) ?? "")]
        if role.callbackMode == .direct {
            data["state"] = .string(state)
            data["poll_interval"] = .string(String(login.interval))
        }
        return .data(data)
    }

    private func beginDevice(
        _ login: BrowserLogin, _ role: JWTRole, configuration found: RecordTable<JWTConfiguration>.Found
    ) async throws -> Response {
        // Stored first, because what is stored bounds how often anybody can have this server call the provider.
        let provider = try await provider(found)
        var begun = login
        begun.issuer = provider.document.issuer
        let state = try await logins.begin(begun)
        let device: OpenIDProvider.Device
        do { device = try await provider.beginDevice(role) } catch { throw JWTKeys.unavailable }
        let asked = device.interval > 0 ? device.interval : Self.defaultInterval
        let interval = role.pollInterval > 0 ? role.pollInterval : asked
        guard try await logins.change(state, { ($0.deviceCode, $0.interval) = (device.code, interval) }) != nil else {
            throw Self.expired
        }
        var data: JSONObject = [
            "auth_url": .string(device.address), "state": .string(state), "poll_interval": .string(String(interval)),
        ]
        if !device.isComplete { data["user_code"] = .string(device.userCode) }
        return .data(data)
    }

    /// The answer to a redirect URI or a role that is not allowed: the same for both, so that nobody learns which.
    private static let nowhere = Response(
        .data(["auth_url": ""]),
        warnings: [
            "the role does not allow this login or its redirect_uri; see the server's log and the role's allowed_redirect_uris"
        ])

    private static func firstReplaced(_ part: String, with other: String, in text: String) -> String {
        guard let range = text.rangeOfUTF8(part) else { return text }
        return text[..<range.lowerBound] + other + text[range.upperBound...]
    }

    // MARK: What the parts share

    /// Returns the provider of a configuration, as its discovery document describes it.
    func provider(_ found: RecordTable<JWTConfiguration>.Found) async throws -> OpenIDProvider {
        guard let document = await (try keyStore.keys(of: found)).provider?.current() else { throw JWTKeys.unavailable }
        return OpenIDProvider(configuration: found.value, document: document, calls: calls)
    }

    /// Returns the provider of a configuration for a login that has begun.
    ///
    /// - Throws: A refusal if the login began at another provider, which must not learn this one's code, nor this one the other's.
    func provider(_ found: RecordTable<JWTConfiguration>.Found, of login: BrowserLogin) async throws -> OpenIDProvider {
        let provider = try await provider(found)
        guard login.issuer.isEmpty || provider.document.issuer.equalsUTF8(login.issuer) else {
            throw Self.failed("The provider of this mount has changed; begin the login again.")
        }
        return provider
    }

    /// Returns the role of a login that has begun, as it is now.
    func role(of login: BrowserLogin) async throws -> JWTRole {
        guard let role = try await roles.find(login.role)?.value, role.uid == login.roleUID, role.kind == .oidc else {
            throw Self.failed("Role could not be found")
        }
        return role
    }

    /// Returns whether the text is what the program sent when it began the login: nothing, if it sent nothing then. Otherwise somebody
    /// who began a login without it could have another person's program complete it.
    static func isClient(_ nonce: String, of login: BrowserLogin) -> Bool {
        constantTimeEqual(Array(digest(nonce).utf8), Array(login.clientNonce.utf8))
    }

    private static func digest(_ text: String) -> String {
        text.isEmpty ? "" : Hex.encode(SHA256.hash(data: Array(text.utf8)))
    }

    static func failed(_ reason: String) -> CofferError { .invalid("Login failed. \(reason)") }

    static let expired = failed("Expired or missing OAuth state.")

    // MARK: ID tokens

    /// Returns who signed in, after verifying what the provider sent (OpenID Connect Core, 3.1.3.7).
    ///
    /// - Parameter accessToken: Asks the provider for more claims; empty for none.
    func identity(
        _ idToken: String, accessToken: String, of login: BrowserLogin, _ role: JWTRole,
        configuration found: RecordTable<JWTConfiguration>.Found
    ) async throws -> JWTIdentity {
        let provider = try await provider(found, of: login)
        var claims = try await verifiedIDToken(idToken, of: login, role, configuration: found, issuer: provider.document.issuer)
        if let more = await provider.userInfo(accessToken, subject: claims["sub"]?.stringValue) {
            // What the token says is signed, and stays.
            for member in more where !Self.tokenClaims.contains(member.key) && claims.object[member.key] == nil {
                claims.object[member.key] = member.value
            }
        }
        do throws(CofferError) {
            let identity = try role.identity(of: claims)
            try role.checkBoundClaims(claims)
            return identity
        } catch {
            throw Self.failed(error.messages.first ?? "")
        }
    }

    /// Claims about the token, which only the token may have.
    private static let tokenClaims: Set = [
        "iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "auth_time", "acr", "amr", "jti",
    ]

    private func verifiedIDToken(
        _ text: String, of login: BrowserLogin, _ role: JWTRole, configuration found: RecordTable<JWTConfiguration>.Found,
        issuer: String
    ) async throws -> TokenClaims {
        func refused(_ reason: String) -> CofferError { .invalid("Token verification failed. \(reason)") }
        guard let token = try? SignedToken(text), let claims = try? TokenClaims(payload: token.payload) else {
            throw refused("The ID token is malformed.")
        }
        guard found.value.allows(token.algorithm, isOfProvider: true) else {
            throw refused("The ID token is signed with an algorithm that is not in jwt_supported_algs.")
        }
        switch await (try keyStore.keys(of: found)).verify(token) {
        case .verified: break
        case .refused: throw refused("No key of the provider signed the ID token.")
        case .unavailable: throw JWTKeys.unavailable
        }
        let expected = found.value.boundIssuer.isEmpty ? issuer : found.value.boundIssuer
        guard claims.has(expected, as: "iss") else { throw refused("The ID token is of another issuer.") }
        let client = found.value.clientID
        guard let audiences = try? claims.audiences(), audiences.contains(where: { $0.equalsUTF8(client) }),
            claims["azp"] == nil || claims.has(client, as: "azp")
        else { throw refused("The ID token is for another client.") }
        guard
            role.boundAudiences.isEmpty
                || audiences.contains(where: { audience in role.boundAudiences.contains { $0.equalsUTF8(audience) } })
        else {
            throw refused("The ID token has no audience of the role.")
        }
        guard role.boundSubject.isEmpty || claims.has(role.boundSubject, as: "sub") else {
            throw Self.failed("sub claim does not match bound subject")
        }
        guard claims["exp"] != nil, (try? claims.checkTimes(at: time.now(), ClaimLeeways())) != nil else {
            throw refused("The ID token is not valid at this time.")
        }
        // A login with another device has no nonce.
        guard login.nonce.isEmpty || claims.has(login.nonce, as: "nonce") else { throw refused("The nonce is another one.") }
        if role.maxAge > 0 {
            guard let signedIn = try? claims.moment("auth_time"),
                time.now() <= signedIn.adding(seconds: role.maxAge + ClaimLeeways().clockSkew)
            else { throw refused("The person signed in too long ago.") }
        }
        return claims
    }
}
