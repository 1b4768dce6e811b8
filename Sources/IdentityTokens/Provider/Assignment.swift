import EngineKit
import Identity
import Records
import Syntax

/// An assignment: entities and groups that may log in to the clients that name it.
struct Assignment: Record, Hashable {
    var entityIDs: [String] = []
    var groupIDs: [String] = []

    /// The assignment of every entity, which exists without being made and cannot be changed.
    static let allowAll = "allow_all"
    private static let idsMax = 5_000
    private static let idBytesMax = 128

    /// Whether the entity is assigned, directly or through a group.
    func has(_ entity: ResolvedEntity) -> Bool {
        entityIDs.contains { $0.equalsUTF8(entity.id) } || !Set(groupIDs).isDisjoint(with: entity.groupIDs)
    }
}

extension Assignment: SettingsRecord {
    static let settings = Settings(
        new: Assignment(),
        Setting("entity_ids", \.entityIDs, as: .names(normalize: ids), help: "The ids of entities."),
        Setting("group_ids", \.groupIDs, as: .names(normalize: ids), help: "The ids of groups, whose members through others count.")
    )

    private static func ids(_ ids: [String], field name: String) throws(CofferError) -> [String] {
        guard ids.count <= idsMax, ids.allSatisfy({ (1...idBytesMax).contains($0.utf8.count) }) else {
            throw .invalid("field '\(name)' may have \(idsMax) ids of \(idBytesMax) bytes at most")
        }
        return ids
    }
}
