import EngineKit
import Syntax

/// A person or program that logs in, through however many auth mounts.
struct Entity: Sendable, Hashable {
    var id: String
    var name: String
    var aliases: [Alias] = []
    var metadata: [String: String] = [:]
    /// Policy names in lower case, sorted, and never `root`.
    var policies: [String] = []
    /// Whether the entity's tokens are refused.
    var isDisabled = false
    var createdAt: Timestamp
    var updatedAt: Timestamp
    /// The ids of entities that were merged into this one, which is still found by them.
    var mergedIDs: [String] = []

    /// Returns the alias on an auth mount, or nil if there is none.
    func alias(mount accessor: String) -> Alias? { aliases.first { $0.mountAccessor == accessor } }
}

extension Entity {
    /// The record as it is stored.
    func encoded() -> [UInt8] {
        let object: JSONObject = [
            "name": .string(name), "aliases": .array(aliases.map(\.stored)), "metadata": .map(metadata),
            "policies": .strings(policies), "disabled": .bool(isDisabled), "created": .int(createdAt.nanoseconds),
            "updated": .int(updatedAt.nanoseconds), "merged": .strings(mergedIDs),
        ]
        return object.encoded()
    }

    /// Reads a stored record. Returns nil if it was not written by ``encoded()``.
    init?(id: String, encoded bytes: [UInt8]) {
        guard let object = try? JSON(parsing: bytes), let name = object["name"]?.stringValue,
            let rows = object["aliases"]?.arrayValue, let metadata = object["metadata"]?.texts,
            let policies = object["policies"]?.textList, let isDisabled = object["disabled"]?.boolValue,
            let created = object["created"]?.intValue, let updated = object["updated"]?.intValue,
            let merged = object["merged"]?.textList
        else { return nil }
        let aliases = rows.compactMap { Alias(stored: $0, of: id) }
        guard aliases.count == rows.count else { return nil }
        self.init(
            id: id, name: name, aliases: aliases, metadata: metadata, policies: policies, isDisabled: isDisabled,
            createdAt: Timestamp(nanoseconds: Int64(created)), updatedAt: Timestamp(nanoseconds: Int64(updated)), mergedIDs: merged)
    }
}
