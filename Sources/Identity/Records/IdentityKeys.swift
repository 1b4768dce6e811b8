import EngineKit
import Syntax

/// Where records lie, below the store's own prefix. Names are in hex, which keeps their order and any byte.
enum IdentityKeys {
    static let entities = "entity/"
    static let entityNames = "entity-name/"
    static let aliases = "alias/"
    static let groups = "group/"
    static let groupNames = "group-name/"
    static let groupAliases = "group-alias/"
    /// Changes with every change of who is in which group.
    static let graph = "graph"

    static func entity(_ id: String) -> String { entities + id }
    /// Of an entity that was merged into another: holds the other's id.
    static func merged(_ id: String) -> String { "merged/" + id }
    static func entityName(_ name: String) -> String { entityNames + folded(name) }
    static func alias(_ id: String) -> String { aliases + id }
    static func alias(at place: AliasPlace) -> String { aliasNames(place.mountAccessor) + hex(place.name) }
    static func aliasNames(_ accessor: String) -> String { "alias-name/\(accessor)/" }
    static func group(_ id: String) -> String { groups + id }
    static func groupName(_ name: String) -> String { groupNames + folded(name) }
    static func groupAlias(_ id: String) -> String { groupAliases + id }
    static func groupAlias(at place: AliasPlace) -> String { groupAliasNames(place.mountAccessor) + hex(place.name) }
    static func groupAliasNames(_ accessor: String) -> String { "group-alias-name/\(accessor)/" }
    static func memberships(of entity: String) -> String { "member/\(entity)/" }
    static func parents(of group: String) -> String { "parent/\(group)/" }

    /// Names of entities and groups differ by more than case.
    static func folded(_ name: String) -> String { hex(name.lowercased()) }

    private static func hex(_ text: String) -> String { Hex.encode(text.utf8) }
}
