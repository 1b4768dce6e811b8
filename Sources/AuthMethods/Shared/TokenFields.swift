import EngineKit
import Records
import Syntax

/// The `token_*` fields: what a role or user of an auth method says about its tokens.
struct TokenFields: Sendable, Hashable {
    /// The initial TTL in seconds; 0 for the mount's. The other times are in seconds, too.
    var ttl = 0
    var maxTTL = 0
    var explicitMaxTTL = 0
    var period = 0
    /// Uses that a token has; 0 for any number.
    var uses = 0
    var policies: [String] = []
    var bounds = AddressBounds()
    var withoutDefaultPolicy = false
    var type = TokenTypeChoice.default
    /// The old names that were used in the last write. Answers contain them, too.
    var oldNames: Set<String> = []
}

extension TokenFields: SettingsRecord {
    static let settings = Settings(
        new: TokenFields(),
        Setting(
            "token_ttl", \.ttl, as: .duration, stored: "ttl", old: .remembered("ttl", in: \.oldNames),
            help: "The first TTL of a token; 0 for the mount's default."),
        Setting(
            "token_max_ttl", \.maxTTL, as: .duration, stored: "max_ttl", old: .remembered("max_ttl", in: \.oldNames),
            help: "The longest life of a token with renewals; 0 for the mount's maximum."),
        Setting(
            "token_explicit_max_ttl", \.explicitMaxTTL, as: .duration, stored: "explicit_max_ttl",
            help: "A maximum life that no renewal extends, not even of a periodic token; 0 for none."),
        Setting(
            "token_period", \.period, as: .duration, stored: "period", old: .remembered("period", in: \.oldNames),
            help: "The period for which each renewal extends a token that has no maximum life; 0 for none."),
        Setting(
            "token_num_uses", \.uses, as: .count(0...Int(Int32.max)), stored: "uses",
            help: "Uses that a token has; 0 for any number."),
        Setting(
            "token_policies", \.policies, as: .policies, stored: "policies", old: .remembered("policies", in: \.oldNames),
            help: "Policies of the tokens."),
        Setting(
            "token_bound_cidrs", \.bounds, as: .addresses, stored: "cidrs", old: .remembered("bound_cidrs", in: \.oldNames),
            help: "Address ranges that may log in and use the tokens; empty for all."),
        Setting(
            "token_no_default_policy", \.withoutDefaultPolicy, as: .flag, stored: "no_default",
            help: "Leave out the policy \"default\"."),
        Setting(
            // An unknown type is refused: a token of another type than requested could have more rights.
            "token_type", \.type, as: .choice(empty: .default), stored: "type",
            help: "The type of the tokens; \"default\" for the mount's."),
        .kept("legacy", \.oldNames, as: .set))

    func check() throws(CofferError) {
        guard ttl == 0 || maxTTL == 0 || ttl <= maxTTL else {
            throw .invalid("'token_ttl' cannot be greater than 'token_max_ttl'")
        }
        guard !type.mayBeBatch || uses == 0 && period == 0 else {
            throw .invalid("'token_type' cannot be \"batch\" or \"default-batch\" with 'token_num_uses' or 'token_period'")
        }
    }

    /// The terms of the tokens.
    var terms: TokenTerms {
        var terms = TokenTerms()
        terms.ttl = ttl
        terms.maxTTL = maxTTL
        terms.explicitMaxTTL = explicitMaxTTL
        terms.period = period
        terms.uses = uses
        terms.boundCIDRs = bounds.texts
        terms.type = type
        return terms
    }

    /// Returns the warnings for settings beyond what the mount allows.
    ///
    /// - Parameter mountMax: The mount's maximum TTL in seconds; 0 where the mount sets none.
    func warnings(mountMax: Int) -> [String] {
        guard mountMax > 0, maxTTL > mountMax else { return [] }
        return [
            "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated"
        ]
    }
}
