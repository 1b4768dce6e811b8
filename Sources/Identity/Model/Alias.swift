import EngineKit
import Syntax

/// The name of an entity or of an external group on one auth mount.
struct Alias: Sendable, Hashable {
    var id: String
    /// The id of the entity or group that the alias belongs to.
    var canonicalID: String
    var mountAccessor: String
    var name: String
    /// Metadata that the last login reported.
    var metadata: [String: String] = [:]
    /// Metadata that an operator set.
    var customMetadata: [String: String] = [:]
    var createdAt: Timestamp
    var updatedAt: Timestamp
    /// The ids of the entities that the alias came from by merging.
    var mergedFrom: [String] = []

    /// The mount and name of the alias. An entity has at most one alias on each mount.
    var place: AliasPlace { AliasPlace(mountAccessor: mountAccessor, name: name) }
}

/// What an alias is found by: a mount and a name. The same name on two mounts is two aliases.
struct AliasPlace: Sendable, Hashable {
    var mountAccessor: String
    var name: String
}

extension Alias {
    /// The alias as it is stored within its entity or group.
    var stored: JSON {
        [
            "id": .string(id), "mount": .string(mountAccessor), "name": .string(name), "metadata": .map(metadata),
            "custom": .map(customMetadata), "created": .int(createdAt.nanoseconds), "updated": .int(updatedAt.nanoseconds),
            "merged_from": .strings(mergedFrom),
        ]
    }

    /// Reads a stored alias. Returns nil if it was not written by ``stored``.
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
