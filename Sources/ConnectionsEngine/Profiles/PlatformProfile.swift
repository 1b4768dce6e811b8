/// The description of a platform: where it grants tokens, how it must be asked, and what its answers look like.
///
/// Profiles are written in YAML; `docs/connections.md` explains every key.
package struct PlatformProfile: Sendable, Hashable {
    /// How a platform's tokens are obtained.
    package enum Auth: String, Sendable, CaseIterable {
        case oauth2
        case clientCredentials = "oauth2_client_credentials"
        case apiKey = "api_key"
        case basic
        /// A token that is exchanged for another one outside of Coffer. It is stored and handed out, and not refreshed.
        case twoStep = "two_step"
    }

    /// How the client authenticates itself at the token endpoint; the names are those of OpenID Connect Core, section 9.
    package enum ClientAuth: String, Sendable, CaseIterable {
        case basic = "client_secret_basic"
        case post = "client_secret_post"
        case none
        case privateKey = "private_key_jwt"
    }

    /// How the body of a token request is encoded.
    package enum BodyFormat: String, Sendable, CaseIterable { case form, json }

    /// The unit of `expires_in` in a token answer.
    package enum TimeUnit: String, Sendable, CaseIterable { case seconds, milliseconds }

    /// Which token a revocation request sends.
    package enum RevokedToken: String, Sendable, CaseIterable { case refresh = "refresh_token", access = "access_token" }

    /// The paths of members in a token answer, such as `authed_user.access_token`. Of several alternatives (`a | b.c`) the
    /// first that exists is used.
    package struct AnswerPaths: Sendable, Hashable {
        /// The access token.
        package var accessToken = "access_token"
        /// The refresh token.
        package var refreshToken = "refresh_token"
        /// The lifetime of the access token, in ``PlatformProfile/expiresInUnit``.
        package var expiresIn = "expires_in"
        /// The time at which the access token expires.
        package var expiresAt = "expires_at"
        /// The granted scopes.
        package var scopes = "scope"
        /// The error code.
        package var error = "error"
    }

    /// A request that shows whether a token works.
    package struct Verify: Sendable, Hashable {
        /// The HTTP method: GET, POST or HEAD.
        package var method = "GET"
        /// The URL to call.
        package var url = ""
        /// The status code of a working token.
        package var status = 200
        /// The header that carries the token, in which `{token}` is replaced.
        package var header = "Authorization: Bearer {token}"

        /// Creates a rule with the default method, status code and header.
        package init() {}
    }

    /// The platform's name.
    package var name: String
    /// The name shown to people.
    package var displayName = ""
    /// The profile that this one extends, from which it takes the keys that it does not set.
    package var base: String?
    /// The URL of the provider's documentation.
    package var docs = ""
    /// Categories such as `crm`, for listings.
    package var categories: [String] = []
    /// How the platform's tokens are obtained.
    package var auth = Auth.oauth2
    /// Another platform whose client id and secret are used for this one; for example, gmail uses google's.
    package var credentialsOf: String?

    /// The URL of the provider's consent page; empty if the platform has none.
    package var authorizationURL = ""
    /// Further query parameters of the consent page.
    package var authorizationParams: [String: String] = [:]
    /// The scopes that are asked for unless the caller names others.
    package var defaultScopes: [String] = []
    /// The text between two scopes.
    package var scopeSeparator = " "
    /// Whether the connect flow uses PKCE (RFC 7636).
    package var usesPKCE = true

    /// The URL of the token endpoint.
    package var tokenURL = ""
    /// Further parameters of the request that exchanges an authorization code.
    package var tokenParams: [String: String] = [:]
    /// How the client authenticates itself at the token endpoint.
    package var tokenAuthMethod = ClientAuth.post
    /// How the body of a token request is encoded.
    package var bodyFormat = BodyFormat.form
    /// Further headers of every request.
    package var headers: [String: String] = [:]

    /// The URL of the token endpoint for refreshes; ``tokenURL`` if empty.
    package var refreshURL = ""
    /// Further parameters of a refresh request.
    package var refreshParams: [String: String] = [:]
    /// How many seconds before its expiry a token is refreshed.
    package var refreshMargin = 900
    /// The lifetime in seconds of a token for which the provider names none; nil if such tokens do not expire.
    package var defaultExpiresIn: Int?
    /// The unit of the lifetime in a token answer.
    package var expiresInUnit = TimeUnit.seconds
    /// Whether a refresh token can be used only once.
    package var rotatesRefreshToken = true
    /// Whether a refresh token that can be used only once may be sent once more after its answer was lost.
    package var retriesInDoubt = false
    /// How many seconds a refresh token may be left unused before the provider expires it; 0 if it does not.
    package var keepAlive = 0
    /// Where the members of a token answer are.
    package var answer = AnswerPaths()
    /// Paths of members of a token answer that are kept as metadata, such as `instance_url`.
    package var keeps: [String] = []
    /// Error codes, besides `invalid_grant`, after which the owner must connect again.
    package var reauthorizeErrors: [String] = []

    /// The URL of the revocation endpoint (RFC 7009); empty if there is none.
    package var revocationURL = ""
    /// Further parameters of a revocation request.
    package var revocationParams: [String: String] = [:]
    /// Which token a revocation request sends.
    package var revokedToken = RevokedToken.refresh
    /// The request that shows whether a token works, if there is one.
    package var verify: Verify?
    /// The hosts that may be called for this platform.
    package var allowedHosts: [String] = []

    /// Whether a profile describes the platform; false if only a caller named it.
    package private(set) var isListed = true

    /// Creates a profile with default values.
    package init(name: String) { self.name = name }

    /// Returns the profile of a platform that is not in the catalog. Its tokens are stored and handed out unchanged.
    package static func unlisted(_ name: String) -> PlatformProfile {
        var profile = PlatformProfile(name: name)
        profile.displayName = name
        profile.auth = .twoStep
        profile.isListed = false
        return profile
    }

    /// Whether tokens of this platform can be refreshed without their owner.
    package var isRefreshable: Bool { auth == .clientCredentials || (auth == .oauth2 && !tokenURL.isEmpty) }
    /// Whether using a refresh token may make it invalid.
    package var spendsRefreshTokens: Bool { auth != .clientCredentials && rotatesRefreshToken }
    /// The platform whose client id and secret are used.
    package var clientName: String { credentialsOf ?? name }
}
