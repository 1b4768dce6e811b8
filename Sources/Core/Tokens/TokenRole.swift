import EngineKit
import Identity
import Syntax

/// A preset for tokens, at `auth/token/roles/:name`. Seconds; 0 means unset.
struct TokenRole: Sendable {
    var name: String
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
    var tokenType = "default-service"

    init(name: String) { self.name = name }
}

extension TokenRole {
    static let fields: [Field] = [
        Field("role_name", .string, "Name of the role."),
        Field("allowed_policies", .strings, "Policies that tokens of this role may have; empty allows those of the parent."),
        Field("disallowed_policies", .strings, "Policies that tokens of this role may not have."),
        Field("allowed_policies_glob", .strings, "Globs of policies that tokens of this role may have."),
        Field("disallowed_policies_glob", .strings, "Globs of policies that tokens of this role may not have."),
        Field("allowed_entity_aliases", .strings, "Entity aliases that a token of this role may name."),
        Field("orphan", .bool, "Make tokens without a parent."),
        Field("renewable", .bool, "Whether tokens of this role can be renewed."),
        Field("path_suffix", .string, "Appended to the creation path of the tokens."),
        Field("token_explicit_max_ttl", .duration, "A life that no renewal extends."),
        Field("explicit_max_ttl", .duration, deprecated: true, "Use token_explicit_max_ttl."),
        Field("token_period", .duration, "Renewal period; tokens then have no maximum life."),
        Field("period", .duration, deprecated: true, "Use token_period."),
        Field("token_bound_cidrs", .strings, "Address ranges that the tokens may be used from."),
        Field("bound_cidrs", .strings, deprecated: true, "Use token_bound_cidrs."),
        Field("token_no_default_policy", .bool, "Leave the default policy out."),
        Field("token_num_uses", .int, "Uses a token has; 0 is without bound."),
        Field("token_type", .string, "service, batch, default-service or default-batch."),
    ]

    /// Takes over what was sent and leaves the rest.
    mutating func update(_ fields: Fields) throws(CofferError) {
        if let value = fields.strings("allowed_policies") { allowedPolicies = try PolicyNames.normalised(value) }
        if let value = fields.strings("disallowed_policies") { disallowedPolicies = try PolicyNames.normalised(value) }
        if let value = fields.strings("allowed_policies_glob") { allowedPoliciesGlob = value.map { $0.lowercased() } }
        if let value = fields.strings("disallowed_policies_glob") { disallowedPoliciesGlob = value.map { $0.lowercased() } }
        if let value = fields.strings("allowed_entity_aliases") {
            allowedEntityAliases = value.map(IdentityMount(.token).aliasName)
        }
        if let value = fields.bool("orphan") { isOrphan = value }
        if let value = fields.bool("renewable") { isRenewable = value }
        if let value = fields.string("path_suffix") {
            guard (try? CanonicalPath(decoded: value)) != nil || value.isEmpty else {
                throw .invalid("field 'path_suffix' must be a path without dot or empty segments")
            }
            pathSuffix = value
        }
        if let value = fields.duration("token_explicit_max_ttl") ?? fields.duration("explicit_max_ttl") { explicitMaxTTL = value }
        if let value = fields.duration("token_period") ?? fields.duration("period") { period = value }
        if let value = fields.strings("token_bound_cidrs") ?? fields.strings("bound_cidrs") {
            try TokenTerms.checkCIDRs(value, field: "token_bound_cidrs")
            boundCIDRs = value
        }
        if let value = fields.bool("token_no_default_policy") { withoutDefaultPolicy = value }
        if let value = fields.int("token_num_uses") {
            guard value >= 0 else { throw .invalid("field 'token_num_uses' must not be negative") }
            uses = value
        }
        if let value = fields.string("token_type") {
            guard value.isEmpty || TokenTypeChoice(rawValue: value) != nil else {
                throw .invalid("field 'token_type' must be service, batch, default-service or default-batch")
            }
            tokenType = value.isEmpty || value == "default" ? "default-service" : value
        }
        guard TokenTypeChoice(rawValue: tokenType)?.mayBeBatch != true || uses == 0 && period == 0 else {
            throw .invalid("'token_type' cannot be batch for tokens with a period or a bound on uses")
        }
    }

    var shown: JSONObject {
        [
            "name": .string(name), "allowed_policies": .strings(allowedPolicies),
            "disallowed_policies": .strings(disallowedPolicies), "allowed_policies_glob": .strings(allowedPoliciesGlob),
            "disallowed_policies_glob": .strings(disallowedPoliciesGlob),
            "allowed_entity_aliases": .strings(allowedEntityAliases), "orphan": .bool(isOrphan), "renewable": .bool(isRenewable),
            "path_suffix": .string(pathSuffix), "explicit_max_ttl": .int(explicitMaxTTL),
            "token_explicit_max_ttl": .int(explicitMaxTTL), "period": .int(period), "token_period": .int(period),
            "token_bound_cidrs": .strings(boundCIDRs), "token_no_default_policy": .bool(withoutDefaultPolicy),
            "token_num_uses": .int(uses), "token_type": .string(tokenType),
        ]
    }

    /// The stored form is the shown one.
    init?(stored object: JSONObject) {
        guard let name = object["name"]?.stringValue else { return nil }
        self.init(name: name)
        let all = Set(object.keys)
        guard
            let fields = try? Fields(validating: object, as: Self.fields.filter { all.contains($0.name) }),
            (try? update(fields)) != nil
        else { return nil }
    }
}

extension TokenTerms {
    static func checkCIDRs(_ texts: [String], field: String) throws(CofferError) {
        guard texts.allSatisfy({ AddressRange($0) != nil }) else {
            throw .invalid("field '\(field)' must be a list of addresses or CIDR blocks")
        }
    }
}
