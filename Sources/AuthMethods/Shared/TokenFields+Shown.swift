import EngineKit
import Syntax

extension TokenFields {
    /// The `token_*` members of an answer, and the old names that were written.
    var shown: [JSONObject.Member] {
        let members: [(String, JSON)] = [
            ("token_bound_cidrs", .strings(bounds.texts)), ("token_explicit_max_ttl", .int(explicitMaxTTL)),
            ("token_max_ttl", .int(maxTTL)), ("token_no_default_policy", .bool(withoutDefaultPolicy)),
            ("token_num_uses", .int(uses)), ("token_period", .int(period)), ("token_policies", .strings(policies)),
            ("token_ttl", .int(ttl)), ("token_type", .string(type)),
        ]
        return members.map { .init(key: $0.0, value: $0.1) } + Legacy.allCases.flatMap { shown($0) }
    }

    /// The member of an old name, if it was written.
    func shown(_ name: Legacy) -> [JSONObject.Member] {
        guard legacy.contains(name) else { return [] }
        let value: JSON =
            switch name {
            case .policies: .strings(policies)
            case .period: .int(period)
            case .ttl: .int(ttl)
            case .maxTTL: .int(maxTTL)
            case .boundCIDRs: .strings(bounds.texts)
            }
        return [.init(key: name.rawValue, value: value)]
    }

    /// The members of a record.
    var stored: [JSONObject.Member] {
        let members: [(String, JSON)] = [
            ("ttl", .int(ttl)), ("max_ttl", .int(maxTTL)), ("explicit_max_ttl", .int(explicitMaxTTL)), ("period", .int(period)),
            ("uses", .int(uses)), ("policies", .strings(policies)), ("cidrs", .strings(bounds.texts)),
            ("no_default", .bool(withoutDefaultPolicy)), ("type", .string(type)),
            ("legacy", .strings(legacy.map(\.rawValue).sorted())),
        ]
        return members.map { .init(key: $0.0, value: $0.1) }
    }

    /// nil for what ``stored`` never wrote.
    init?(stored object: JSONObject) {
        guard let ttl = object["ttl"]?.intValue, let maxTTL = object["max_ttl"]?.intValue,
            let explicitMaxTTL = object["explicit_max_ttl"]?.intValue, let period = object["period"]?.intValue,
            let uses = object["uses"]?.intValue, let policies = object["policies"]?.texts,
            let bounds = object["cidrs"]?.texts.flatMap(AddressBounds.init(stored:)),
            let withoutDefault = object["no_default"]?.boolValue, let type = object["type"]?.stringValue,
            let legacy = object["legacy"]?.texts
        else { return nil }
        self.ttl = ttl
        self.maxTTL = maxTTL
        self.explicitMaxTTL = explicitMaxTTL
        self.period = period
        self.uses = uses
        self.policies = policies
        self.bounds = bounds
        withoutDefaultPolicy = withoutDefault
        self.type = type
        self.legacy = Set(legacy.compactMap(Legacy.init(rawValue:)))
    }
}

extension JSON {
    /// The strings of an array; nil when it has anything else.
    var texts: [String]? {
        guard let values = arrayValue else { return nil }
        let texts = values.compactMap(\.stringValue)
        return texts.count == values.count ? texts : nil
    }
}
