import EngineKit
import Records
import Syntax

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

extension PendingLogin {
    var stored: JSONObject {
        [
            "mount": .string(mountID), "path": .string(path), "entity": .string(entityID), "wrap_ttl": .int(wrapTTL),
            "until": .int(expiresAt), "display_name": .string(grant.displayName), "policies": .strings(grant.policies),
            "metadata": .object(JSONObject(sorting: grant.metadata)), "alias": .string(grant.aliasName),
            "facts": .object(JSONObject(sorting: grant.facts)), "no_default_policy": .bool(grant.withoutDefaultPolicy),
            "terms": grant.terms.stored,
        ]
    }

    init?(stored object: JSONObject) {
        guard let mountID = object["mount"]?.stringValue, let path = object["path"]?.stringValue,
            let entityID = object["entity"]?.stringValue, let wrapTTL = object["wrap_ttl"]?.countValue,
            let expiresAt = object["until"]?.countValue, let displayName = object["display_name"]?.stringValue,
            let policies = object["policies"]?.textList, let metadata = object["metadata"]?.textMap,
            let alias = object["alias"]?.stringValue, let facts = object["facts"]?.textMap,
            let withoutDefault = object["no_default_policy"]?.boolValue,
            let terms = object["terms"].flatMap(TokenTerms.init(stored:))
        else { return nil }
        var grant = AuthGrant(
            displayName: displayName, policies: policies, metadata: metadata, aliasName: alias, terms: terms,
            withoutDefaultPolicy: withoutDefault)
        grant.facts = facts
        self.init(
            grant: grant, mountID: mountID, path: path, entityID: entityID, wrapTTL: wrapTTL, expiresAt: expiresAt)
    }
}

extension TokenTerms {
    fileprivate var stored: JSON {
        [
            "ttl": .int(ttl), "max_ttl": .int(maxTTL), "explicit_max_ttl": .int(explicitMaxTTL), "period": .int(period),
            "uses": .int(uses), "renewable": .bool(isRenewable), "cidrs": .strings(boundCIDRs), "type": .string(type.rawValue),
        ]
    }

    fileprivate init?(stored: JSON) {
        guard let ttl = stored["ttl"]?.countValue, let maxTTL = stored["max_ttl"]?.countValue,
            let explicitMaxTTL = stored["explicit_max_ttl"]?.countValue, let period = stored["period"]?.countValue,
            let uses = stored["uses"]?.countValue, let isRenewable = stored["renewable"]?.boolValue,
            let boundCIDRs = stored["cidrs"]?.textList,
            let type = stored["type"]?.stringValue.flatMap(TokenTypeChoice.init(rawValue:))
        else { return nil }
        self.init()
        (self.ttl, self.maxTTL, self.explicitMaxTTL, self.period) = (ttl, maxTTL, explicitMaxTTL, period)
        (self.uses, self.isRenewable, self.boundCIDRs, self.type) = (uses, isRenewable, boundCIDRs, type)
    }
}

extension JSON {
    /// The strings of an array; nil for any other value.
    fileprivate var textList: [String]? {
        guard let values = arrayValue else { return nil }
        let texts = values.compactMap(\.stringValue)
        return texts.count == values.count ? texts : nil
    }

    /// The members of an object of strings; nil for any other value.
    fileprivate var textMap: [String: String]? {
        guard let object = objectValue, object.allSatisfy({ $0.value.stringValue != nil }) else { return nil }
        return Dictionary(object.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
    }
}
