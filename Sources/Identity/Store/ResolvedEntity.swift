import EngineKit

/// An entity with everything that requests by its tokens need: its policies, those of its groups, and the values of policy
/// templates.
///
/// It is immutable. A change of the entity or of its groups leads to a new instance.
package final class ResolvedEntity: Sendable {
    /// The entity's id.
    package let id: String
    /// The entity's name.
    package let name: String
    /// Whether the entity's tokens are refused.
    package let isDisabled: Bool
    /// The names of the entity's own policies and those of all its groups: sorted, without duplicates, and never `root`.
    package let policies: [String]
    /// A number that is different for each instance in this process, so that caches keyed by it never return what was derived
    /// from an older one.
    package let stamp: UInt64
    let entity: Entity
    /// The groups that the entity is in directly, followed by the groups that contain these.
    let groups: [Group]
    /// The ids of the groups that the entity is in directly.
    let directGroupIDs: Set<String>

    /// Creates an instance with a stamp that no other one in this process has.
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
}
