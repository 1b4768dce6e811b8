import EngineKit
import Records
import Syntax

/// The name of an entity or of an external group on one auth mount.
struct Alias: Sendable, Hashable {
    var id = ""
    /// The id of the entity or group that the alias belongs to.
    var canonicalID = ""
    var mountAccessor = ""
    var name = ""
    /// Metadata that the last login reported.
    var metadata: [String: String] = [:]
    /// Metadata that an operator set.
    var customMetadata: [String: String] = [:]
    var createdAt = Timestamp(nanoseconds: 0)
    var updatedAt = Timestamp(nanoseconds: 0)
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

extension Alias: SettingsRecord {
    /// The alias as it is stored within its entity or group. Aliases of the first versions have no `merged_from`.
    static let settings = Settings(
        new: Alias(), required: ["id", "mount", "name", "metadata", "custom", "created", "updated"],
        .kept("id", \.id, as: .text), .kept("mount", \.mountAccessor, as: .text), .kept("name", \.name, as: .text),
        .kept("metadata", \.metadata, as: .map), .kept("custom", \.customMetadata, as: .map),
        .kept("created", \.createdAt, as: .nanoseconds), .kept("updated", \.updatedAt, as: .nanoseconds),
        .kept("merged_from", \.mergedFrom, as: .names))
}
