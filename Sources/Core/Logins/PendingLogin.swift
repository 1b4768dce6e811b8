package import EngineKit
package import Records

/// A login whose first factor was accepted and whose second one is awaited, as the store has it, so that any node can complete it.
/// Nothing was issued for it.
struct PendingLogin: Record {
    /// What the auth method granted.
    var grant: AuthGrant
    /// The id of the auth mount. A later mount at its path does not complete its logins.
    var mountID: String
    /// The path of the login.
    var path: String
    /// Who logs in.
    var entityID: String
    /// The life in seconds of the wrapping token that the login asked for; 0 if it did not.
    var wrapTTL = 0
    /// Seconds since 1970.
    var expiresAt = 0
}

extension PendingLogin: SettingsRecord {
    static let settings = Settings(
        new: PendingLogin(
            grant: AuthGrant(displayName: "", policies: [], aliasName: ""), mountID: "", path: "", entityID: ""),
        .kept("mount", \.mountID, as: .text), .kept("path", \.path, as: .text), .kept("entity", \.entityID, as: .text),
        .kept("wrap_ttl", \.wrapTTL, as: .count()), .kept("until", \.expiresAt, as: .count()),
        .kept("display_name", \.grant.displayName, as: .text), .kept("policies", \.grant.policies, as: .names),
        .kept("metadata", \.grant.metadata, as: .map), .kept("alias", \.grant.aliasName, as: .text),
        .kept("facts", \.grant.facts, as: .map), .kept("no_default_policy", \.grant.withoutDefaultPolicy, as: .flag),
        .kept("terms", \.grant.terms, as: .members))
}

extension TokenTerms: SettingsRecord {
    package static let settings = Settings(
        new: TokenTerms(),
        .kept("ttl", \.ttl, as: .count()), .kept("max_ttl", \.maxTTL, as: .count()),
        .kept("explicit_max_ttl", \.explicitMaxTTL, as: .count()), .kept("period", \.period, as: .count()),
        .kept("uses", \.uses, as: .count()), .kept("renewable", \.isRenewable, as: .flag),
        .kept("cidrs", \.boundCIDRs, as: .names), .kept("type", \.type, as: .choice(empty: .default)))
}
