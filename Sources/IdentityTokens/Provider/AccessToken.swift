import Records

/// An access token: what `userinfo` needs to know of it. It is good for nothing else, since it is no token of the server.
struct AccessToken: Record, Hashable {
    /// The provider that issued it.
    var provider = ""
    var clientID = ""
    var entityID = ""
    /// The scopes whose claims it gives, without `openid`.
    var scopes: [String] = []
    /// When it ends, in seconds since 1970.
    var expiresAt = 0
}

extension AccessToken: SettingsRecord {
    static let settings = Settings(
        new: AccessToken(),
        .kept("provider", \.provider, as: .text), .kept("client", \.clientID, as: .text), .kept("entity", \.entityID, as: .text),
        .kept("scopes", \.scopes, as: .names), .kept("until", \.expiresAt, as: .count()))
}
