import EngineKit
import Syntax

/// Somebody or something that logs in, whichever mounts it comes through.
struct Entity: Sendable, Hashable {
    var id: String
    var name: String
    var aliases: [Alias] = []
    var metadata: [String: String] = [:]
    /// Lower case, sorted; never `root`.
    var policies: [String] = []
    /// Its tokens are refused while this is so.
    var isDisabled = false
    var createdAt: Timestamp
    var updatedAt: Timestamp
    /// Entities that became part of this one; their ids still find it.
    var mergedIDs: [String] = []

    func alias(mount accessor: String) -> Alias? { aliases.first { $0.mountAccessor == accessor } }
}

extension Entity {
    func encoded() -> [UInt8] {
        let object: JSONObject = [
            "name": .string(name), "aliases": .array(aliases.map(\.stored)), "metadata": .map(metadata),
            "policies": .strings(policies), "disabled": .bool(isDisabled), "created": .int(createdAt.nanoseconds),
            "updated": .int(updatedAt.nanoseconds), "merged": .strings(mergedIDs),
        ]
        return object.encoded()
    }

    /// nil when a member is missing: the record was not written by this code.
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
