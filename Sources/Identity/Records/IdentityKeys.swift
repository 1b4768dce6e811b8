import EngineKit
import Syntax

/// The keys of the records, relative to the store's part of the storage. Names are written in hex, which preserves their order
/// and allows any byte.
enum IdentityKeys {
    static let entities = "entity/"
    static let aliases = "alias/"
    static let groupAliases = "group-alias/"
    /// A counter that increases with every change of group memberships.
    static let graph = "graph"

    /// The folder of the records of all entities or groups.
    static func records<Member: IdentityMember>(_ kind: Member.Type) -> String { Member.kind + "/" }
    /// The folder of the index entries of all names of entities or groups.
    static func names<Member: IdentityMember>(_ kind: Member.Type) -> String { Member.kind + "-name/" }
    /// The record of an entity or group.
    static func record<Member: IdentityMember>(_ id: String, of kind: Member.Type) -> String { records(kind) + id }
    /// The index entry of a name, which holds the id.
    static func name<Member: IdentityMember>(_ name: String, of kind: Member.Type) -> String { names(kind) + folded(name) }
    /// The record of an entity that was merged into another one, which holds the other's id.
    static func merged(_ id: String) -> String { "merged/" + id }
    /// The index entry of an alias's id, which holds the id of its entity.
    static func alias(_ id: String) -> String { aliases + id }
    /// The index entry of an alias's mount and name, which holds the id of its entity.
    static func alias(at place: AliasPlace) -> String { aliasNames(place.mountAccessor) + hex(place.name) }
    /// The prefix of the names of all aliases on a mount.
    static func aliasNames(_ accessor: String) -> String { "alias-name/\(accessor)/" }
    /// The index entry of a group alias's id, which holds the id of its group.
    static func groupAlias(_ id: String) -> String { groupAliases + id }
    /// The index entry of a group alias's mount and name, which holds the id of its group.
    static func groupAlias(at place: AliasPlace) -> String { groupAliasNames(place.mountAccessor) + hex(place.name) }
    /// The prefix of the names of all group aliases on a mount.
    static func groupAliasNames(_ accessor: String) -> String { "group-alias-name/\(accessor)/" }
    /// The prefix of the groups that an entity is a direct member of.
    static func memberships(of entity: String) -> String { "member/\(entity)/" }
    /// The prefix of the groups that a group is a direct member of.
    static func parents(of group: String) -> String { "parent/\(group)/" }

    /// Returns the hex form of a name in lower case, since names that differ only in case are the same.
    static func folded(_ name: String) -> String { hex(name.lowercased()) }

    private static func hex(_ text: String) -> String { Hex.encode(text.utf8) }
}
