import EngineKit
import Syntax

/// What an entity or an external group is called on one auth mount.
struct Alias: Sendable, Hashable {
    var id: String
    /// The entity or group it belongs to.
    var canonicalID: String
    var mountAccessor: String
    var name: String
    /// What the last login said.
    var metadata: [String: String] = [:]
    /// What an operator wrote.
    var customMetadata: [String: String] = [:]
    var createdAt: Timestamp
    var updatedAt: Timestamp
    /// Entities that it came from by merging.
    var mergedFrom: [String] = []

    /// An entity has one alias a mount, so a mount's accessor names it.
    var place: AliasPlace { AliasPlace(mountAccessor: mountAccessor, name: name) }
}

/// The key of an alias: the same name on two mounts is two aliases.
struct AliasPlace: Sendable, Hashable {
    var mountAccessor: String
    var name: String
}

extension Alias {
    var stored: JSON {
        [
            "id": .string(id), "mount": .string(mountAccessor), "name": .string(name), "metadata": .map(metadata),
            "custom": .map(customMetadata), "created": .int(createdAt.nanoseconds), "updated": .int(updatedAt.nanoseconds),
            "merged_from": .strings(mergedFrom),
        ]
    }

    init?(stored: JSON, of canonicalID: String) {
        guard let id = stored["id"]?.stringValue, let mount = stored["mount"]?.stringValue, let name = stored["name"]?.stringValue,
            let metadata = stored["metadata"]?.texts, let custom = stored["custom"]?.texts,
            let created = stored["created"]?.intValue, let updated = stored["updated"]?.intValue
        else { return nil }
        self.init(
            id: id, canonicalID: canonicalID, mountAccessor: mount, name: name, metadata: metadata, customMetadata: custom,
            createdAt: Timestamp(nanoseconds: Int64(created)), updatedAt: Timestamp(nanoseconds: Int64(updated)),
            mergedFrom: stored["merged_from"]?.textList ?? [])
    }
}
