import EngineKit

/// A validated request to change a group. A member that is nil stays as it is.
struct GroupChanges: Sendable {
    var name: String?
    var isExternal: Bool?
    var metadata: [String: String]?
    var policies: [String]?
    var memberEntityIDs: [String]?
    var memberGroupIDs: [String]?
}

extension IdentityStore {
    /// Creates or changes a group. Returns it, and whether it is new.
    func write(_ target: IdentityTarget, _ changes: GroupChanges) async throws -> (group: Group, isNew: Bool) {
        try await changeGraph { transaction in
            var name = changes.name
            if case .name(let chosen) = target { name = chosen }
            var (group, isNew): (Group, Bool) = try await findOrMake(target, named: name, in: &transaction)
            if isNew { group.isExternal = changes.isExternal ?? false } else { group.modifyIndex += 1 }
            try await rename(&group, name, in: &transaction)
            try await apply(changes, to: &group, in: &transaction)
            transaction.put(group)
            return (group, isNew)
        }
    }

    /// Applies all changes except the name.
    private func apply(_ changes: GroupChanges, to group: inout Group, in transaction: inout IdentityTransaction) async throws {
        if let isExternal = changes.isExternal, isExternal != group.isExternal {
            throw CofferError.invalid("group type cannot be changed")
        }
        if group.isExternal, changes.memberEntityIDs?.isEmpty == false {
            throw CofferError.invalid("member entities can't be set manually for external groups")
        }
        if group.isExternal, changes.memberGroupIDs?.isEmpty == false {
            throw CofferError.invalid("member groups can't be set for external groups")
        }
        if let value = changes.metadata { group.metadata = value }
        if let value = changes.policies { group.policies = value }
        group.updatedAt = time.now()
        guard !group.isExternal else { return }
        if let wanted = changes.memberEntityIDs { try await setEntities(wanted, of: &group, in: &transaction) }
        if let wanted = changes.memberGroupIDs { try await setGroups(wanted, of: &group, in: &transaction) }
    }

    /// Makes these entities the members of the group.
    private func setEntities(
        _ wanted: [String], of group: inout Group, in transaction: inout IdentityTransaction
    ) async throws {
        guard wanted.count <= IdentityLimits.memberEntitiesMax else {
            throw CofferError.invalid("a group may have at most \(IdentityLimits.memberEntitiesMax) member entities")
        }
        var members: [String] = []
        var seen: Set<String> = []
        for id in wanted {
            guard let entity = try await transaction.entity(id) else { throw CofferError.invalid("invalid member entity ID") }
            if seen.insert(entity.id).inserted { members.append(entity.id) }
        }
        for id in group.memberEntityIDs where !seen.contains(id) {
            transaction.delete(IdentityKeys.memberships(of: id) + group.id)
        }
        for id in members { transaction.put(IdentityKeys.memberships(of: id) + group.id, []) }
        group.memberEntityIDs = members
    }

    /// Makes these groups the member groups of the group.
    private func setGroups(_ wanted: [String], of group: inout Group, in transaction: inout IdentityTransaction) async throws {
        guard wanted.count <= IdentityLimits.memberGroupsMax else {
            throw CofferError.invalid("a group may have at most \(IdentityLimits.memberGroupsMax) member groups")
        }
        var members: [String] = []
        for id in wanted where !members.contains(id) {
            let isKnown = try await transaction.group(id) != nil
            // The group itself may be new and not stored yet. The check for cycles refuses a group as its own member.
            guard isKnown || id == group.id else { throw CofferError.invalid("invalid member group ID") }
            members.append(id)
        }
        try await refuseCycle(from: members, to: group.id, in: &transaction)
        for id in group.memberGroupIDs where !members.contains(id) {
            transaction.delete(IdentityKeys.parents(of: id) + group.id)
        }
        for id in members { transaction.put(IdentityKeys.parents(of: id) + group.id, []) }
        group.memberGroupIDs = members
    }

    /// Throws if the group would be a member of itself through other groups. Changes of memberships exclude each other, so two
    /// concurrent ones cannot form a cycle together.
    private func refuseCycle(from members: [String], to id: String, in transaction: inout IdentityTransaction) async throws {
        var waiting = members
        var seen: Set<String> = []
        while let next = waiting.popLast() {
            guard next != id else { throw CofferError.invalid("cyclic relationship detected between groups") }
            guard seen.insert(next).inserted else { continue }
            guard seen.count <= IdentityLimits.groupsOfEntityMax else {
                throw CofferError(.tooLarge, "a group may have at most \(IdentityLimits.groupsOfEntityMax) groups below it")
            }
            waiting += try await transaction.group(next)?.memberGroupIDs ?? []
        }
    }

    // MARK: Finding and deleting

    /// Returns the ids of the groups that a group is a member of.
    func parents(of group: String) async throws -> [String] {
        try await storage.list(
            Listing(prefix: IdentityKeys.parents(of: group), limit: IdentityLimits.groupsOfEntityMax))
    }

    /// Deletes a group and its memberships. Deleting one that does not exist is not an error; deleting one that an enforcement of
    /// second factors names is.
    func deleteGroup(_ target: IdentityTarget) async throws {
        let known: Group? = try await read(target)
        guard known != nil else { return }
        try await changeGraph { transaction in
            guard let group: Group = try await find(target, orNamed: nil, in: &transaction) else { return }
            try await mfa.refuseDeletion(of: [group.id], in: \.groupIDs, called: "group", in: &transaction)
            let parents = try await transaction.names(
                IdentityKeys.parents(of: group.id), limit: IdentityLimits.groupsOfEntityMax + 1)
            for id in parents {
                transaction.delete(IdentityKeys.parents(of: group.id) + id)
                guard var parent = try await transaction.group(id) else { continue }
                parent.memberGroupIDs.removeAll { $0 == group.id }
                parent.modifyIndex += 1
                parent.updatedAt = time.now()
                transaction.put(parent)
            }
            for id in group.memberGroupIDs { transaction.delete(IdentityKeys.parents(of: id) + group.id) }
            for id in group.memberEntityIDs { transaction.delete(IdentityKeys.memberships(of: id) + group.id) }
            if let alias = group.alias { transaction.deleteGroupIndexes(alias) }
            transaction.delete(group)
        }
    }
}
