import EngineKit

/// An entity with everything that a request by one of its tokens needs: policies of its own and of its groups, and what
/// templates may ask. Never changed: a change of the entity or its groups makes a new one.
package final class ResolvedEntity: Sendable {
    package let id: String
    package let name: String
    package let isDisabled: Bool
    /// Its own and those of all its groups: sorted, each once, never `root`.
    package let policies: [String]
    /// Differs for every resolution of this process, so that what was derived from an older one is not found by it.
    package let stamp: UInt64
    let entity: Entity
    /// Those it is in directly, then those that these are in.
    let groups: [Group]
    let directGroupIDs: Set<String>

    init(_ entity: Entity, groups: [Group], directGroupIDs: Set<String>, stamp: UInt64) {
        id = entity.id
        name = entity.name
        isDisabled = entity.isDisabled
        policies = Set(entity.policies).union(groups.flatMap(\.policies)).subtracting([PolicyName.root.text]).sorted()
        self.stamp = stamp
        self.entity = entity
        self.groups = groups
        self.directGroupIDs = directGroupIDs
    }

    /// The name of its alias on a mount.
    package func aliasName(mountAccessor: String) -> String? { entity.alias(mount: mountAccessor)?.name }
}
