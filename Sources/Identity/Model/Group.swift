import EngineKit
import Syntax

/// A group of entities and of other groups, which gives its policies to all of them.
struct Group: Sendable, Hashable {
    var id: String
    var name: String
    /// Whether the members are set by logins that report the group's alias, instead of by operators.
    var isExternal = false
    var policies: [String] = []
    var metadata: [String: String] = [:]
    /// The entities that are direct members.
    var memberEntityIDs: [String] = []
    /// The groups that are direct members.
    var memberGroupIDs: [String] = []
    /// The alias of an external group.
    var alias: Alias?
    var createdAt: Timestamp
    var updatedAt: Timestamp
    /// The number of changes, starting at 1.
    var modifyIndex = 1

    /// The type as the API shows it.
    var type: String { isExternal ? "external" : "internal" }
}

extension Group {
    /// The record as it is stored.
    func encoded() -> [UInt8] {
        var object: JSONObject = [
            "name": .string(name), "external": .bool(isExternal), "policies": .strings(policies), "metadata": .map(metadata),
            "entities": .strings(memberEntityIDs), "groups": .strings(memberGroupIDs), "created": .int(createdAt.nanoseconds),
            "updated": .int(updatedAt.nanoseconds), "index": .int(modifyIndex),
        ]
        if let alias { object["alias"] = alias.stored }
        return object.encoded()
    }

    /// Reads a stored record. Returns nil if it was not written by ``encoded()``.
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
