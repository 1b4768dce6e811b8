import Crypto
import EngineKit
import Records
import Syntax

/// A role of the JWT method: whose tokens may log in with it, and what they get.
struct JWTRole: NamedAccount, Hashable {
    /// How a login with the role begins: with a token that the caller has, or in a browser.
    enum Kind: String, Sendable, CaseIterable { case jwt, oidc }
    /// How claims are compared with what the role asks for.
    enum Comparison: String, Sendable, CaseIterable { case string, glob }
    /// Who receives the answer of the provider: the program that logs in, this server, or nobody, because the provider is asked.
    enum CallbackMode: String, Sendable, CaseIterable { case client, direct, device }

    private(set) var name: String
    /// An id that differs from that of a later role of the same name.
    private(set) var uid: String
    var kind = Kind.oidc
    var userClaim = ""
    var userClaimIsPointer = false
    var boundAudiences: [String] = []
    var boundSubject = ""
    var boundClaims = JSONObject()
    var comparison = Comparison.string
    var claimMappings: [String: String] = [:]
    var groupsClaim = ""
    /// Seconds; 0 for the default, and -1 for none.
    var expirationLeeway = 0
    var notBeforeLeeway = 0
    var clockSkewLeeway = 0
    var scopes: [String] = []
    var redirectURIs: [String] = []
    var callbackMode = CallbackMode.client
    /// Seconds between two questions of a program that waits; 0 for the default.
    var pollInterval = 0
    var skipsConfirmation = false
    /// Seconds since the person signed in at the provider; 0 for any.
    var maxAge = 0
    var isVerbose = false
    var hasTemplatedPolicies = false
    var providerTokens: [String] = []
    var tokens = TokenFields()

    init(name: String, uid: String) {
        self.name = name
        self.uid = uid
    }
}

extension JWTRole {
    static let settings = Settings(
        new: JWTRole(name: "", uid: ""), sortsShown: true,
        .kept("name", \.name, as: .text), .kept("uid", \.uid, as: .text),
        Setting(
            "role_type", \.kind, as: .choice(empty: .oidc),
            help: "How a login begins: jwt with a token, oidc (the default) in a browser."),
        Setting("user_claim", \.userClaim, as: .text, help: "The claim that names the caller."),
        Setting(
            "user_claim_json_pointer", \.userClaimIsPointer, as: .flag,
            help: "Whether user_claim is a JSON pointer, such as /user/id."),
        Setting(
            "bound_audiences", \.boundAudiences, as: .boundTexts,
            help: "Audiences (aud), of which a token must have one."),
        Setting("bound_subject", \.boundSubject, as: .text, help: "The subject (sub) that a token must have."),
        Setting(
            "bound_claims", \.boundClaims, as: .object,
            help: "Claims that a token must have, each with a value or a list of allowed ones."),
        Setting(
            "bound_claims_type", \.comparison, as: .choice(empty: .string),
            help: "How bound_claims are compared: string for equal values, glob for texts with *."),
        Setting(
            "claim_mappings", \.claimMappings, as: .map,
            help: "Claims to keep as metadata: the name of the claim, and that of the metadata."),
        Setting("groups_claim", \.groupsClaim, as: .text, help: "The claim with the names of the caller's external groups."),
        Setting(
            "expiration_leeway", \.expirationLeeway, as: .leeway,
            help: "Seconds that a token without an end is valid after its beginning; 0 for 150, -1 for none."),
        Setting(
            "not_before_leeway", \.notBeforeLeeway, as: .leeway,
            help: "Seconds that a token without a beginning is valid before its end; 0 for 150, -1 for none."),
        Setting(
            "clock_skew_leeway", \.clockSkewLeeway, as: .leeway,
            help: "Seconds that the issuer's clock may differ; 0 for 60, -1 for none."),
        Setting("oidc_scopes", \.scopes, as: .names, help: "Scopes to ask for beside openid."),
        Setting(
            "allowed_redirect_uris", \.redirectURIs, as: .boundTexts,
            help: "Where the provider may send the browser. Loopback addresses match with any port."),
        Setting(
            "callback_mode", \.callbackMode, as: .choice(empty: .client),
            help: "Who gets the provider's answer: client for the program, direct for this server, device for none."),
        Setting(
            "poll_interval", \.pollInterval, as: .count(0...3_600),
            help: "Seconds between two questions of a program that waits; 0 for the provider's, or 5."),
        Setting(
            "oidc_disable_confirmation", \.skipsConfirmation, as: .flag,
            help: "Whether a login completes without a question in the browser, where the provider answers to the server itself."),
        Setting(
            "max_age", \.maxAge, as: .duration, help: "How long ago the person may have signed in at the provider; 0 for any time."),
        Setting("verbose_oidc_logging", \.isVerbose, as: .flag, help: "Has no effect: tokens and claims are never logged."),
        Setting(
            "token_policies_template_claims", \.hasTemplatedPolicies, as: .flag, help: "Must be false: write templates in policies."
        ),
        Setting("oauth2_metadata", \.providerTokens, as: .names, help: "Must be empty: tokens of the provider are not kept."),
        .tokens(\.tokens))

    private static let listMax = 256
    private static let textBytesMax = 4_096

    func check() throws(CofferError) {
        guard !userClaim.isEmpty else { throw .invalid("a user claim must be defined on the role") }
        guard !hasTemplatedPolicies else {
            throw .invalid(
                "'token_policies_template_claims' is not supported: map claims to metadata, and use "
                    + "{{identity.entity.aliases.<accessor>.metadata.<key>}} in the policy")
        }
        guard providerTokens.isEmpty else {
            throw .invalid("'oauth2_metadata' is not supported: metadata is shown and audited, and a token is a secret")
        }
        let lists = [boundAudiences.count, boundClaims.count, claimMappings.count, scopes.count, redirectURIs.count]
        let texts = [userClaim, boundSubject, groupsClaim] + boundAudiences + scopes + redirectURIs
        guard lists.allSatisfy({ $0 <= Self.listMax }), texts.allSatisfy({ $0.utf8.count <= Self.textBytesMax }) else {
            throw .invalid("the role has too many or too long values")
        }
        try checkBoundClaims()
        try checkMappings()
        if kind == .oidc, redirectURIs.isEmpty {
            throw .invalid("'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.")
        }
        // The audience of a login in a browser is this server's client. Without any other bound, a role for tokens would let in
        // whoever the issuer knows.
        guard kind == .oidc || isBound else {
            throw .invalid("must have at least one bound constraint when creating/updating a role")
        }
    }

    private func checkBoundClaims() throws(CofferError) {
        for member in boundClaims {
            guard !member.key.isEmpty, let values = Self.list(member.value) else {
                throw .invalid("field 'bound_claims' must have strings, numbers, booleans or lists of them")
            }
            // It would admit nobody, and what was meant is not known.
            guard !values.isEmpty else { throw .invalid("field 'bound_claims' may not have a claim without allowed values") }
            if comparison == .glob, values.contains(where: { $0.stringValue == nil }) {
                throw .invalid("field 'bound_claims' must have strings only with 'bound_claims_type' glob")
            }
        }
    }

    private func checkMappings() throws(CofferError) {
        var targets: Set<String> = []
        for (claim, target) in claimMappings.sorted(by: { $0.key < $1.key }) {
            guard !claim.isEmpty, !target.isEmpty else { throw .invalid("field 'claim_mappings' must have names") }
            guard target != Self.roleKey else {
                throw .invalid("metadata key \"role\" is reserved and may not be a mapping destination")
            }
            guard targets.insert(target).inserted else { throw .invalid("multiple keys are mapped to one metadata key") }
        }
    }

    /// The metadata that names the role.
    static let roleKey = "role"

    /// Whether the role tells the callers of its issuer apart. What matches everybody is no bound.
    var isBound: Bool {
        if !boundAudiences.isEmpty || !boundSubject.isEmpty { return true }
        let isClaimBound = boundClaims.contains { member in
            let values = Self.list(member.value) ?? []
            return comparison == .string
                || !values.contains { $0.stringValue?.utf8.allSatisfy { $0 == UInt8(ascii: "*") } == true }
        }
        return isClaimBound || !tokens.bounds.isEmpty && !Self.areEverything(tokens.bounds.texts)
    }

    /// Returns whether address ranges are together as large as all addresses, however they are written.
    private static func areEverything(_ ranges: [String]) -> Bool {
        let shares = ranges.map { range in
            // A range without a length is one address.
            Double(sign: .plus, exponent: -(range.cutUTF8(at: "/").flatMap { Int($0.after) } ?? 32), significand: 1)
        }
        return shares.reduce(0, +) >= 1
    }

    /// Returns a scalar as a list of it, a list of scalars as it is, and nil for anything else.
    static func list(_ value: JSON) -> [JSON]? {
        func isScalar(_ value: JSON) -> Bool {
            switch value {
            case .string, .number, .bool: true
            default: false
            }
        }
        if isScalar(value) { return [value] }
        guard let values = value.arrayValue, values.allSatisfy(isScalar) else { return nil }
        return values
    }

    /// A digest of what decides who may log in, by which a renewal notices that it has changed.
    var admission: String {
        let parts: JSON = [
            .string(kind.rawValue), .string(userClaim), .bool(userClaimIsPointer), .strings(boundAudiences), .string(boundSubject),
            .object(boundClaims), .string(comparison.rawValue),
        ]
        return Hex.encode(SHA256.hash(data: parts.encoded()))
    }
}

extension SettingKind where Value == Int {
    /// Seconds, or -1 for none.
    fileprivate static var leeway: Self {
        Self(
            .any, shown: { .int($0) }, read: { $0.intValue },
            take: { sent, name, _ throws(CofferError) in
                let text: String? =
                    switch sent {
                    case .number(let text), .string(let text): text
                    default: nil
                    }
                if let size = text?.removingUTF8Prefix("-"), DurationText.seconds(String(size)) != nil { return -1 }
                guard let seconds = text.flatMap({ $0.isEmpty ? 0 : DurationText.seconds($0) }), seconds <= 86_400 else {
                    throw .invalid("field '\(name)' must be a duration of a day at most, or -1")
                }
                return seconds
            })
    }
}

extension SettingKind where Value == [String] {
    /// A list of texts, none of them empty: an empty one would match a token that says nothing.
    fileprivate static var boundTexts: Self {
        names { texts, name throws(CofferError) in
            guard !texts.contains("") else { throw .invalid("field '\(name)' may not have an empty text") }
            return texts
        }
    }
}
