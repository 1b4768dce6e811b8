import Records

/// A login in a browser that has begun and is not complete, as the store has it, so that any node can continue it.
struct BrowserLogin: Record, Hashable {
    var role: String
    /// The id of the role, so that a later one of the same name does not take its logins over.
    var roleUID: String
    var redirectURI = ""
    /// What the ID token must contain (OpenID Connect Core, 3.1.2.1).
    var nonce = ""
    /// The PKCE code verifier (RFC 7636, 4.1).
    var verifier = ""
    /// The SHA-256 of what the program must show again, in hex; empty for programs that sent nothing.
    var clientNonce = ""
    /// The address that the login began at.
    var address = ""
    /// Seconds since 1970.
    var expiresAt = 0
    /// How the provider names a login with another device (RFC 8628, 3.2).
    var deviceCode = ""
    /// Seconds between two questions.
    var interval = 0
    /// When the provider was asked last, in seconds since 1970.
    var askedAt = 0
    /// What the provider sent as a form.
    var code = ""
    var idToken = ""
    /// Whether the person has confirmed in the browser that the program may use the form.
    var isConfirmed = false
    /// The issuer of the provider that the login began at; empty for logins of earlier versions.
    var issuer = ""
    /// Whether this server has begun to exchange the code, which it does once.
    var isSpent = false
    /// Who logged in, until the program asks.
    var identity: JWTIdentity?

    init(role: String, roleUID: String) {
        self.role = role
        self.roleUID = roleUID
    }
}

extension BrowserLogin {
    /// Whether the provider has posted its answer.
    var hasForm: Bool { !code.isEmpty || !idToken.isEmpty }
}

extension BrowserLogin: SettingsRecord {
    static let settings = Settings(
        new: BrowserLogin(role: "", roleUID: ""),
        .kept("role", \.role, as: .text), .kept("role_uid", \.roleUID, as: .text),
        .kept("redirect", \.redirectURI, as: .text), .kept("nonce", \.nonce, as: .text), .kept("verifier", \.verifier, as: .text),
        .kept("client_nonce", \.clientNonce, as: .text), .kept("address", \.address, as: .text),
        .kept("until", \.expiresAt, as: .count()), .kept("device_code", \.deviceCode, as: .text),
        .kept("interval", \.interval, as: .count()), .kept("asked", \.askedAt, as: .count()),
        .kept("code", \.code, as: .text), .kept("id_token", \.idToken, as: .text), .kept("spent", \.isSpent, as: .flag),
        .kept("confirmed", \.isConfirmed, as: .flag.omitted(if: false)), .kept("issuer", \.issuer, as: .text.omitted(if: "")),
        .kept("identity", \.identity, as: .optional(.members)))
}

extension JWTIdentity: SettingsRecord {
    static let settings = Settings(
        new: JWTIdentity(user: "", metadata: [:], groups: []),
        .kept("user", \.user, as: .text), .kept("metadata", \.metadata, as: .map), .kept("groups", \.groups, as: .names))
}
