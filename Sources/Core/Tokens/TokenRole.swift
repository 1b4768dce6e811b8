import EngineKit
import Identity
import Records
import Syntax

/// A token role, at `auth/token/roles/:name`: the properties of the tokens that are created with it. Times are in seconds; 0 means
/// unset.
struct TokenRole: Record {
    private(set) var name: String
    var allowedPolicies: [String] = []
    var disallowedPolicies: [String] = []
    var allowedPoliciesGlob: [String] = []
    var disallowedPoliciesGlob: [String] = []
    var allowedEntityAliases: [String] = []
    var isOrphan = false
    var isRenewable = true
    var pathSuffix = ""
    var explicitMaxTTL = 0
    var period = 0
    var boundCIDRs: [String] = []
    var withoutDefaultPolicy = false
    var uses = 0
    var tokenType = TokenTypeChoice.defaultService

    init(name: String) { self.name = name }
}

extension TokenRole: SettingsRecord {
    static let settings = Settings(
        new: TokenRole(name: ""), required: ["name"],
        .kept("name", \.name, as: .text, isShown: true),
        Setting(
            "allowed_policies", \.allowedPolicies, as: .policies,
            help: "Policies that tokens of this role may have; if empty, those of the parent."),
        Setting(
            "disallowed_policies", \.disallowedPolicies, as: .policies, help: "Policies that tokens of this role may not have."),
        Setting(
            "allowed_policies_glob", \.allowedPoliciesGlob, as: .lowercased,
            help: "Globs of policies that tokens of this role may have."),
        Setting(
            "disallowed_policies_glob", \.disallowedPoliciesGlob, as: .lowercased,
            help: "Globs of policies that tokens of this role may not have."),
        Setting(
            "allowed_entity_aliases", \.allowedEntityAliases,
            as: .names { names, _ throws(CofferError) in names.map(IdentityMount(.token).aliasName) },
            help: "Entity aliases that tokens of this role may have."),
        Setting("orphan", \.isOrphan, as: .flag, help: "Whether tokens have no parent."),
        Setting("renewable", \.isRenewable, as: .flag, help: "Whether tokens of this role can be renewed."),
        Setting(
            "path_suffix", \.pathSuffix,
            as: .text { text, name throws(CofferError) in
                guard (try? CanonicalPath(decoded: text)) != nil || text.isEmpty else {
                    throw .invalid("field '\(name)' must be a path without dot or empty segments")
                }
            }, help: "Appended to the creation path of the tokens."),
        Setting(
            "token_explicit_max_ttl", \.explicitMaxTTL, as: .duration, old: .shown("explicit_max_ttl"),
            help: "Longest life, which renewals do not extend."),
        Setting(
            "token_period", \.period, as: .duration, old: .shown("period"),
            help: "Renewal period; such tokens have no maximum life."),
        Setting(
            "token_bound_cidrs", \.boundCIDRs,
            as: .names { texts, name throws(CofferError) in
                try TokenTerms.checkCIDRs(texts, field: name)
                return texts
            }, old: .accepted("bound_cidrs"), help: "Address ranges that the tokens may be used from."),
        Setting(
            "token_no_default_policy", \.withoutDefaultPolicy, as: .flag, help: "Whether tokens do not get the default policy."),
        Setting("token_num_uses", \.uses, as: .count(), help: "Number of uses of a token; 0 for no limit."),
        Setting(
            "token_type", \.tokenType, as: .roleTokenType, help: "Type of the tokens; default-service if empty."))

    func check() throws(CofferError) {
        guard !tokenType.mayBeBatch || uses == 0 && period == 0 else {
            throw .invalid("'token_type' cannot be batch for tokens with a period or a bound on uses")
        }
    }
}

extension SettingKind where Value == [String] {
    fileprivate static var policies: Self { names { names, _ throws(CofferError) in try PolicyNames.normalized(names) } }
    fileprivate static var lowercased: Self { names { names, _ throws(CofferError) in names.map { $0.lowercased() } } }
}

extension SettingKind where Value == TokenTypeChoice {
    /// A role has no mount whose type it could follow, so `default` means `default-service`.
    fileprivate static var roleTokenType: Self {
        let choice = choice(empty: .defaultService)
        return Self(
            .string, oneOf: TokenTypeChoice.allCases.map(\.rawValue), shown: choice.shown, read: choice.read,
            take: { sent, name, current throws(CofferError) in
                let type = try choice.take(sent, name, current)
                return type == .default ? .defaultService : type
            })
    }
}

extension TokenTerms {
    /// Throws unless every text is an IP address or a CIDR block.
    static func checkCIDRs(_ texts: [String], field: String) throws(CofferError) {
        guard texts.allSatisfy({ AddressRange($0) != nil }) else {
            throw .invalid("field '\(field)' must be a list of addresses or CIDR blocks")
        }
    }
}
