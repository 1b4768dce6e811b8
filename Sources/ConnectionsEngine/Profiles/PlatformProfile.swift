/// What Coffer knows of a provider: where it grants tokens, how it wants to be asked, and what it answers.
///
/// Made from YAML; `docs/connections.md` explains every key.
package struct PlatformProfile: Sendable, Hashable {
    package enum Auth: String, Sendable, CaseIterable {
        case oauth2
        case clientCredentials = "oauth2_client_credentials"
        case apiKey = "api_key"
        case basic
        /// A token that is bought with another one; kept and served, not refreshed.
        case twoStep = "two_step"
    }

    package enum ClientAuth: String, Sendable, CaseIterable {
        case basic = "client_secret_basic"
        case post = "client_secret_post"
        case none
        case privateKey = "private_key_jwt"
    }

    package enum BodyFormat: String, Sendable, CaseIterable { case form, json }
    package enum TimeUnit: String, Sendable, CaseIterable { case seconds, milliseconds }
    package enum RevokedToken: String, Sendable, CaseIterable { case refresh = "refresh_token", access = "access_token" }

    /// Where members of a token answer stand, as dotted paths: `authed_user.access_token`. The first of several (`a | b.c`)
    /// that is there counts.
    package struct AnswerPaths: Sendable, Hashable {
        package var accessToken = "access_token"
        package var refreshToken = "refresh_token"
        package var expiresIn = "expires_in"
        /// A moment in place of a number of seconds.
        package var expiresAt = "expires_at"
        package var scopes = "scope"
        package var error = "error"
    }

    /// A call that shows whether a token works: "test connection".
    package struct Verify: Sendable, Hashable {
        package var method = "GET"
        package var url = ""
        package var status = 200
        /// The header that carries the token; `{token}` stands for it.
        package var header = "Authorization: Bearer {token}"

        package init() {}
    }

    package var name: String
    package var displayName = ""
    /// The profile whose keys hold where this one has none.
    package var base: String?
    package var docs = ""
    package var categories: [String] = []
    package var auth = Auth.oauth2
    /// Another platform whose client id and secret serve this one too: gmail has google's.
    package var credentialsOf: String?

    package var authorizationURL = ""
    package var authorizationParams: [String: String] = [:]
    package var defaultScopes: [String] = []
    package var scopeSeparator = " "
    package var usesPKCE = true

    package var tokenURL = ""
    package var tokenParams: [String: String] = [:]
    package var tokenAuthMethod = ClientAuth.post
    package var bodyFormat = BodyFormat.form
    package var headers: [String: String] = [:]

    /// Empty means `tokenURL`.
    package var refreshURL = ""
    package var refreshParams: [String: String] = [:]
    /// Seconds before expiry from which on a token is refreshed.
    package var refreshMargin = 900
    /// Seconds, where the provider names no life time; nil means that it never ends.
    package var defaultExpiresIn: Int?
    package var expiresInUnit = TimeUnit.seconds
    /// A refresh token is good for one use.
    package var rotatesRefreshToken = true
    /// Of a provider that rotates: after a refresh whose answer was lost, the same refresh token may be tried once more.
    package var retriesInDoubt = false
    /// Seconds after which a refresh token must be used, or it dies; 0 is never.
    package var keepAlive = 0
    package var answer = AnswerPaths()
    /// Members of a token answer that are kept as metadata: `instance_url`.
    package var keeps: [String] = []
    /// Errors, besides `invalid_grant`, that only the person can mend by connecting again.
    package var reauthorizeErrors: [String] = []

    package var revocationURL = ""
    package var revocationParams: [String: String] = [:]
    /// Which of the two the provider wants to be given.
    package var revokedToken = RevokedToken.refresh
    package var verify: Verify?
    package var allowedHosts: [String] = []

    /// Somebody described it; else its name is a caller's.
    package private(set) var isListed = true

    package init(name: String) { self.name = name }

    /// Of a platform that nobody has described: its tokens are kept and served as they are.
    package static func unlisted(_ name: String) -> PlatformProfile {
        var profile = PlatformProfile(name: name)
        profile.displayName = name
        profile.auth = .twoStep
        profile.isListed = false
        return profile
    }

    /// Tokens of this platform can be renewed without a person.
    package var isRefreshable: Bool { auth == .clientCredentials || (auth == .oauth2 && !tokenURL.isEmpty) }
    /// Using a refresh token may end its use.
    package var spendsRefreshTokens: Bool { auth != .clientCredentials && rotatesRefreshToken }
    package var clientName: String { credentialsOf ?? name }
}
