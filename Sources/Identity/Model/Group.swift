import EngineKit
import Syntax

/// Entities, and groups of them, that share policies.
struct Group: Sendable, Hashable {
    var id: String
    var name: String
    /// Its members come from logins that name its alias; nobody writes them.
    var isExternal = false
    var policies: [String] = []
    var metadata: [String: String] = [:]
    var memberEntityIDs: [String] = []
    var memberGroupIDs: [String] = []
    /// Of external groups only.
    var alias: Alias?
    var createdAt: Timestamp
    var updatedAt: Timestamp
    /// Counts changes, from 1.
    var modifyIndex = 1

    var type: String { isExternal ? "external" : "internal" }
}

extension Group {
    func encoded() -> [UInt8] {
        var object: JSONObject = [
            "name": .string(name), "external": .bool(isExternal), "policies": .strings(policies), "metadata": .map(metadata),
            "entities": .strings(memberEntityIDs), "groups": .strings(memberGroupIDs), "created": .int(createdAt.nanoseconds),
            "updated": .int(updatedAt.nanoseconds), "index": .int(modifyIndex),
        ]
        if let alias { object["alias"] = alias.stored }
        return object.encoded()
    }

    /// nil when a member is missing: the record was not written by this code.
    init?(id: String, encoded bytes: [UInt8]) {
        guard let object = try? JSON(parsing: bytes), let name = object["name"]?.stringValue,
            let isExternal = object["external"]?.boolValue, let policies = object["policies"]?.textList,
            let metadata = object["metadata"]?.texts, let entities = object["entities"]?.textList,
            let groups = object["groups"]?.textList, let created = object["created"]?.intValue,
            let updated = object["updated"]?.intValue, let index = object["index"]?.countValue
        else { return nil }
        var alias: Alias?
        if let stored = object["alias"] {
            alias = Alias(stored: stored, of: id)
            guard alias != nil else { return nil }
        }
        self.init(
            id: id, name: name, isExternal: isExternal, policies: policies, metadata: metadata, memberEntityIDs: entities,
            memberGroupIDs: groups, alias: alias, createdAt: Timestamp(nanoseconds: Int64(created)),
            updatedAt: Timestamp(nanoseconds: Int64(updated)), modifyIndex: index)
    }
}
