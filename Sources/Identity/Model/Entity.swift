import EngineKit
import Records
import Syntax

/// A person or program that logs in, through however many auth mounts.
struct Entity: Sendable, Hashable {
    var id = ""
    var name = ""
    var aliases: [Alias] = []
    var metadata: [String: String] = [:]
    /// Policy names in lower case, sorted, and never `root`.
    var policies: [String] = []
    /// Whether the entity's tokens are refused.
    var isDisabled = false
    var createdAt = Timestamp(nanoseconds: 0)
    var updatedAt = Timestamp(nanoseconds: 0)
    /// The ids of entities that were merged into this one, which is still found by them.
    var mergedIDs: [String] = []

    /// Returns the alias on an auth mount, or nil if there is none.
    func alias(mount accessor: String) -> Alias? { aliases.first { $0.mountAccessor == accessor } }
}

extension Entity: IdentityMember {
    static let kind = "entity"

    init?(id: String, encoded bytes: [UInt8]) {
        self.init(decoding: bytes)
        self.id = id
        for index in aliases.indices { aliases[index].canonicalID = id }
    }

    /// Returns the entity with this id, or the one that it was merged into.
    static func find(_ id: String, in transaction: inout IdentityTransaction) async throws(StorageError) -> Entity? {
        try await transaction.entity(id)
    }
}

extension Entity: SettingsRecord {
    static let settings = Settings(
        new: Entity(),
        .kept("name", \.name, as: .text), .kept("aliases", \.aliases, as: .list()), .kept("metadata", \.metadata, as: .map),
        .kept("policies", \.policies, as: .names), .kept("disabled", \.isDisabled, as: .flag),
        .kept("created", \.createdAt, as: .nanoseconds), .kept("updated", \.updatedAt, as: .nanoseconds),
        .kept("merged", \.mergedIDs, as: .names))
}
