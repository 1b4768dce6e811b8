import EngineKit

/// What a request says of a group; nil leaves it as it is. Already checked.
struct GroupChanges: Sendable {
    var name: String?
    var isExternal: Bool?
    var metadata: [String: String]?
    var policies: [String]?
    var memberEntityIDs: [String]?
    var memberGroupIDs: [String]?
}

extension IdentityStore {
    enum GroupTarget: Sendable {
        case id(String)
        case name(String)
        /// Makes one, or changes the one that has the name of the changes.
        case any
    }

    func write(_ target: GroupTarget, _ changes: GroupChanges) async throws -> (group: Group, isNew: Bool) {
        try await changeGraph { transaction in
            var found: Group?
            switch target {
            case .id(let id):
                found = try await transaction.group(id)
                guard found != nil else { throw CofferError.invalid("group not found from id") }
            case .name(let name): found = try await transaction.group(named: name)
            case .any:
                if let name = changes.name, !name.isEmpty { found = try await transaction.group(named: name) }
            }
            let isNew = found == nil
            var name = changes.name
            if case .name(let chosen) = target { name = chosen }
            var group: Group
            if let found { group = found } else { group = try await makeGroup(named: name, in: &transaction) }
            if isNew { group.isExternal = changes.isExternal ?? false } else { group.modifyIndex += 1 }
            try await rename(&group, name, in: &transaction)
            try await apply(changes, to: &group, in: &transaction)
            transaction.put(group)
            return (group, isNew)
        }
    }

    /// A new internal group with a free name, not put yet.
    func makeGroup(named name: String?, in transaction: inout IdentityTransaction) async throws -> Group {
        let now = time.now()
        var chosen = name ?? ""
        if chosen.isEmpty { chosen = try await freeName("group") { try await transaction.group(named: $0) != nil } }
        try IdentityLimits.checkName(chosen)
        let group = Group(id: randomness.uuid(), name: chosen, createdAt: now, updatedAt: now)
        transaction.put(IdentityKeys.groupName(chosen), text: group.id)
        return group
    }

    private func rename(_ group: inout Group, _ name: String?, in transaction: inout IdentityTransaction) async throws {
        guard let name, !name.isEmpty, name != group.name else { return }
        try IdentityLimits.checkName(name)
        if let other = try await transaction.group(named: name), other.id != group.id {
            throw CofferError.invalid("group name is already in use")
        }
        transaction.delete(IdentityKeys.groupName(group.name))
        transaction.put(IdentityKeys.groupName(name), text: group.id)
        group.name = name
    }

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

    private func setEntities(
        _ wanted: [String], of group: inout Group, in transaction: inout IdentityTransaction
    ) async throws {
        guard wanted.count <= IdentityLimits.memberEntitiesMax else {
            throw CofferError.invalid("a group may have \(IdentityLimits.memberEntitiesMax) member entities at most")
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

    private func setGroups(_ wanted: [String], of group: inout Group, in transaction: inout IdentityTransaction) async throws {
        guard wanted.count <= IdentityLimits.memberGroupsMax else {
            throw CofferError.invalid("a group may have \(IdentityLimits.memberGroupsMax) member groups at most")
        }
        var members: [String] = []
        for id in wanted where !members.contains(id) {
            let isKnown = try await transaction.group(id) != nil
            // The group itself may be new; that it is no member of itself is found below.
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

    /// No group may be below itself. Changes of the graph exclude each other, so two at once cannot close a circle.
    private func refuseCycle(from members: [String], to id: String, in transaction: inout IdentityTransaction) async throws {
        var waiting = members
        var seen: Set<String> = []
        while let next = waiting.popLast() {
            guard next != id else { throw CofferError.invalid("cyclic relationship detected between groups") }
            guard seen.insert(next).inserted else { continue }
            guard seen.count <= IdentityLimits.groupsOfEntityMax else {
                throw CofferError(.tooLarge, "there are too many groups below one")
            }
            waiting += try await transaction.group(next)?.memberGroupIDs ?? []
        }
    }

    // MARK: Finding and deleting

    func group(_ id: String) async throws -> Group? { try await reading { try await $0.group(id) } }
    func group(named name: String) async throws -> Group? { try await reading { try await $0.group(named: name) } }

    func parents(of group: String) async throws -> [String] {
        try await storage.list(
            Listing(prefix: IdentityKeys.parents(of: group), limit: IdentityLimits.groupsOfEntityMax))
    }

    func deleteGroup(_ find: (inout IdentityTransaction) async throws -> Group?) async throws {
        guard try await reading(find) != nil else { return }
        try await changeGraph { transaction in
            guard let group = try await find(&transaction) else { return }
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
            transaction.delete(IdentityKeys.groupName(group.name))
            transaction.delete(IdentityKeys.group(group.id))
        }
    }
}
