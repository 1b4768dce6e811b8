import Records

/// A code of the authorization code flow, as the store has it, so that any node can exchange it.
struct AuthorizationCode: Record, Hashable {
    /// The provider that issued it.
    var provider = ""
    var clientID = ""
    var redirectURI = ""
    var entityID = ""
    /// The scopes that were asked for and that the provider has, without `openid`.
    var scopes: [String] = []
    var nonce = ""
    /// The challenge of the verifier by the method S256 (RFC 7636); empty for none.
    var challenge = ""
    /// When the person logged in, in seconds since 1970; 0 if the client did not ask.
    var loggedInAt = 0
    /// When the code ends, in seconds since 1970.
    var expiresAt = 0
    /// Whether it was presented before.
    var isSpent = false
    /// The name of the access token's record that was issued for it; empty for none.
    var accessToken = ""
}

extension AuthorizationCode: SettingsRecord {
    static let settings = Settings(
        new: AuthorizationCode(),
        .kept("provider", \.provider, as: .text), .kept("client", \.clientID, as: .text),
        .kept("redirect", \.redirectURI, as: .text), .kept("entity", \.entityID, as: .text),
        .kept("scopes", \.scopes, as: .names), .kept("nonce", \.nonce, as: .text), .kept("challenge", \.challenge, as: .text),
        .kept("logged_in", \.loggedInAt, as: .count()), .kept("until", \.expiresAt, as: .count()),
        .kept("spent", \.isSpent, as: .flag), .kept("access", \.accessToken, as: .text))
}
