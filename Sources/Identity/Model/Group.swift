import EngineKit
import Records
import Syntax

/// A group of entities and of other groups, which gives its policies to all of them.
struct Group: Sendable, Hashable {
    var id = ""
    var name = ""
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
    var createdAt = Timestamp(nanoseconds: 0)
    var updatedAt = Timestamp(nanoseconds: 0)
    /// The number of changes, starting at 1.
    var modifyIndex = 1

    /// The type as the API shows it.
    var type: String { isExternal ? "external" : "internal" }
}

extension Group: IdentityMember {
    static let kind = "group"

    init?(id: String, encoded bytes: [UInt8]) {
        self.init(decoding: bytes)
        self.id = id
        alias?.canonicalID = id
    }

    static func find(_ id: String, in transaction: inout IdentityTransaction) async throws(StorageError) -> Group? {
        try await transaction.record(id)
    }
}

extension Group: SettingsRecord {
    static let settings = Settings(
        new: Group(),
        .kept("name", \.name, as: .text), .kept("external", \.isExternal, as: .flag), .kept("policies", \.policies, as: .names),
        .kept("metadata", \.metadata, as: .map), .kept("entities", \.memberEntityIDs, as: .names),
        .kept("groups", \.memberGroupIDs, as: .names), .kept("created", \.createdAt, as: .nanoseconds),
        .kept("updated", \.updatedAt, as: .nanoseconds), .kept("index", \.modifyIndex, as: .count()),
        .kept("alias", \.alias, as: .optional(.members)))
}
