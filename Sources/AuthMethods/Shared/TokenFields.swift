import EngineKit
import Syntax

/// What every role or user of a login method says about the tokens that it gives: the `token_*` fields.
struct TokenFields: Sendable, Hashable {
    /// Seconds; 0 means as the mount has it.
    var ttl = 0
    var maxTTL = 0
    var explicitMaxTTL = 0
    var period = 0
    /// 0 is without bound.
    var uses = 0
    var policies: [String] = []
    var bounds = AddressBounds()
    var withoutDefaultPolicy = false
    var type = "default"
    /// Old names that were written, which answers then show as well.
    var legacy: Set<Legacy> = []

    enum Legacy: String, Sendable, CaseIterable {
        case policies, period, ttl
        case maxTTL = "max_ttl"
        case boundCIDRs = "bound_cidrs"
    }

    static let declared: [Field] = [
        Field("token_ttl", .duration, "How long a token lives at first; 0 for the mount's default."),
        Field("token_max_ttl", .duration, "How long a token can live with renewals; 0 for the mount's maximum."),
        Field("token_explicit_max_ttl", .duration, "A life that no renewal extends, periodic tokens included; 0 for none."),
        Field("token_period", .duration, "Renewal period; tokens then have no maximum life. 0 for none."),
        Field("token_num_uses", .int, "Uses a token has; 0 is without bound."),
        Field("token_policies", .strings, "Policies of the tokens."),
        Field("token_bound_cidrs", .strings, "Address ranges that may log in and use the tokens; none for all."),
        Field("token_no_default_policy", .bool, "Leave the default policy out."),
        Field("token_type", .string, "\"default\", \"service\", \"batch\", \"default-service\" or \"default-batch\"."),
    ]

    /// The old names that a method still takes.
    static func declared(_ legacy: [Legacy]) -> [Field] {
        legacy.map { name in
            switch name {
            case .policies: Field("policies", .strings, deprecated: true, "Use token_policies.")
            case .boundCIDRs: Field("bound_cidrs", .strings, deprecated: true, "Use token_bound_cidrs.")
            case .period, .ttl, .maxTTL: Field(name.rawValue, .duration, deprecated: true, "Use token_\(name.rawValue).")
            }
        }
    }

    /// `token_ttl` as the declared list has it, for a path of its own.
    static func field(_ name: String) -> [Field] { declared.filter { $0.name == name } }
}

extension TokenFields {
    static let usesMax = Int(Int32.max)

    /// Takes over what was sent and leaves the rest. A new name wins over its old one.
    mutating func update(_ fields: Fields) throws(CofferError) {
        if let value = duration(fields, "token_ttl", .ttl) { ttl = value }
        if let value = duration(fields, "token_max_ttl", .maxTTL) { maxTTL = value }
        if let value = duration(fields, "token_period", .period) { period = value }
        if let value = fields.duration("token_explicit_max_ttl") { explicitMaxTTL = value }
        if let value = fields.int("token_num_uses") {
            guard value >= 0 else { throw .invalid("'token_num_uses' cannot be negative") }
            guard value <= Self.usesMax else { throw .invalid("'token_num_uses' is too large") }
            uses = value
        }
        if let value = fields.strings(newest("token_policies", .policies, fields)) { policies = try PolicyList.normalised(value) }
        let boundsName = newest("token_bound_cidrs", .boundCIDRs, fields)
        if let value = fields.strings(boundsName) { bounds = try AddressBounds(value, field: boundsName) }
        if let value = fields.bool("token_no_default_policy") { withoutDefaultPolicy = value }
        if let value = fields.string("token_type") { type = try Self.type(value) }
        guard ttl == 0 || maxTTL == 0 || ttl <= maxTTL else {
            throw .invalid("'token_ttl' cannot be greater than 'token_max_ttl'")
        }
        guard choice?.mayBeBatch != true || uses == 0 && period == 0 else {
            throw .invalid("'token_type' cannot be \"batch\" or \"default-batch\" with 'token_num_uses' or 'token_period'")
        }
    }

    private mutating func duration(_ fields: Fields, _ name: String, _ old: Legacy) -> Int? {
        fields.duration(newest(name, old, fields))
    }

    /// Which of the two names counts; remembers when it is the old one.
    private mutating func newest(_ name: String, _ old: Legacy, _ fields: Fields) -> String {
        if fields.has(name) {
            legacy.remove(old)
            return name
        }
        guard fields.has(old.rawValue) else { return name }
        legacy.insert(old)
        return old.rawValue
    }

    private var choice: TokenTypeChoice? { TokenTypeChoice(rawValue: type) }

    private static func type(_ text: String) throws(CofferError) -> String {
        if text.isEmpty { return TokenTypeChoice.default.rawValue }
        // A token of another kind than was asked for would be worse than none.
        guard let type = TokenTypeChoice(rawValue: text) else {
            let names = TokenTypeChoice.allCases.map { "\"\($0.rawValue)\"" }
            throw .invalid("field 'token_type' must be one of \(names.joined(separator: ", "))")
        }
        return type.rawValue
    }

    /// What the tokens get.
    var terms: TokenTerms {
        var terms = TokenTerms()
        terms.ttl = ttl
        terms.maxTTL = maxTTL
        terms.explicitMaxTTL = explicitMaxTTL
        terms.period = period
        terms.uses = uses
        terms.boundCIDRs = bounds.texts
        terms.type = choice ?? .default
        return terms
    }

    /// Said when a role asks for more than its mount gives; `mountMax` is 0 where the mount sets none.
    func warnings(mountMax: Int) -> [String] {
        guard mountMax > 0, maxTTL > mountMax else { return [] }
        return [
            "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated"
        ]
    }
}
