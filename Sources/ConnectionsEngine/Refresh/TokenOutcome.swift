/// A successful answer of a provider's token endpoint (RFC 6749, section 5.1).
struct TokenAnswer: Sendable, Hashable {
    /// The new access token.
    var accessToken: String
    /// The new refresh token, or nil if the previous one stays valid.
    var refreshToken: String?
    /// The token's type, such as `Bearer`, or nil if the provider did not name a usable one.
    var tokenType: String?
    /// Seconds until the access token expires; 0 if it already has; nil if the provider names no lifetime, so that the token
    /// does not expire.
    var lifetime: Int?
    /// The granted scopes, or nil if they did not change.
    var scopes: [String]?
    /// Members of the answer that the profile says to keep as metadata.
    var kept: [String: String] = [:]
    /// Fixed words for the log, one for each part of the answer that was malformed and ignored.
    var oddities: [String] = []
}

/// How a request to a token endpoint ended. Codes are fixed words or short words from the provider, and hold nothing secret.
enum TokenOutcome: Sendable, Hashable {
    /// The provider returned a token.
    case granted(TokenAnswer)
    /// The provider refused for good: the owner must connect again.
    case reauthorize(code: String)
    /// The provider refused for now, or was never reached. The refresh token is still valid. `isProviders` says whether the
    /// provider, and not the configuration, is at fault.
    case failed(code: String, retryAfter: Int?, isProviders: Bool)
    /// The request was sent and no answer tells what the provider did with it. The refresh token may be spent.
    case unknown(code: String)
}

/// A platform's OAuth client id and secret.
struct ClientCredentials: Sendable {
    /// The client id.
    var id: String
    /// The client secret; empty if there is none.
    var secret: String
    /// The private key for `private_key_jwt`, in PEM; empty if there is none.
    var privateKey: String
}
