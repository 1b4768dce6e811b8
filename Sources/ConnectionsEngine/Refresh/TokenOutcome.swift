/// What a provider's token endpoint gave.
struct TokenAnswer: Sendable, Hashable {
    var accessToken: String
    /// nil keeps the old one.
    var refreshToken: String?
    var tokenType: String?
    /// Seconds, 0 for one that is over already; nil when the provider says nothing, which is a token without an end.
    var lifetime: Int?
    /// nil leaves them as they were.
    var scopes: [String]?
    var kept: [String: String] = [:]
    /// What was odd about the answer, as words for the log.
    var oddities: [String] = []
}

/// How asking for a token ended. Codes are of a fixed form and hold nothing secret.
enum TokenOutcome: Sendable, Hashable {
    case granted(TokenAnswer)
    /// Only the person can mend it.
    case reauthorize(code: String)
    /// The provider said no, or was never reached: the refresh token is as good as before.
    case failed(code: String, retryAfter: Int?, isProviders: Bool)
    /// The request went out and no answer came that says what became of it.
    case unknown(code: String)
}

/// A platform's client id and secret.
struct ClientCredentials: Sendable {
    var id: String
    var secret: String
    /// PEM, for `private_key_jwt`.
    var privateKey: String
}
