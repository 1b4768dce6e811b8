import EngineKit

/// The aliases of external groups. Each external group has one: the name of the group on an auth mount.
extension IdentityStore {
    /// Creates an alias or changes an existing one, which is found by the id in `changes` or, without an id, by its name and
    /// mount.
    ///
    /// - Parameter mayMove: Whether an existing alias may be given to another group.
    func writeGroupAlias(_ changes: AliasChanges, mayMove: Bool) async throws -> Alias {
        try await changeGraph { transaction in
            if let owner = try await groupOwner(of: changes, in: &transaction) {
                return try await update(owner, changes, mayMove: mayMove, in: &transaction)
            }
            guard let place = changes.place else { throw CofferError.invalid("missing alias name or mount accessor") }
            var group: Group
            if let id = changes.canonicalID {
                guard let found = try await transaction.group(id) else { throw CofferError.invalid("invalid group ID") }
                group = found
            } else {
                group = try await make(in: &transaction)
                group.isExternal = true
            }
            let now = time.now()
            let alias = Alias(
                id: randomness.uuid(), canonicalID: group.id, mountAccessor: place.mountAccessor, name: place.name,
                createdAt: now, updatedAt: now)
            try set(alias, of: &group, in: &transaction)
            return alias
        }
    }

    /// Returns the group that has the alias which `changes` are about, or nil if there is none yet.
    private func groupOwner(of changes: AliasChanges, in transaction: inout IdentityTransaction) async throws -> Group? {
        if let id = changes.id {
            guard let found = try await groupWithAlias(id, in: &transaction) else {
                throw CofferError.invalid("invalid group alias ID")
            }
            return found
        }
        guard let place = changes.place, let id = try await transaction.text(IdentityKeys.groupAlias(at: place)) else { return nil }
        return try await transaction.group(id)
    }

    private func update(
        _ owner: Group, _ changes: AliasChanges, mayMove: Bool, in transaction: inout IdentityTransaction
    ) async throws -> Alias {
        var group = owner
        guard let old = group.alias else { throw CofferError.invalid("invalid group alias ID") }
        var alias = old
        alias.updatedAt = time.now()
        if let place = changes.place, place != old.place {
            guard try await transaction.get(IdentityKeys.groupAlias(at: place)) == nil else {
                throw CofferError.invalid("alias name is already in use on that mount")
            }
            alias.mountAccessor = place.mountAccessor
            alias.name = place.name
        }
        transaction.deleteGroupIndexes(old)
        group.alias = nil
        if let id = changes.canonicalID, id != group.id {
            guard let target = try await transaction.group(id) else { throw CofferError.invalid("invalid group ID") }
            guard mayMove else { throw CofferError.denied }
            dropMembers(of: &group, in: &transaction)
            transaction.put(group)
            group = target
            alias.canonicalID = target.id
        } else if alias.place != old.place {
            dropMembers(of: &group, in: &transaction)
        }
        try set(alias, of: &group, in: &transaction)
        return alias
    }

    /// Gives an alias to a group that has none.
    private func set(_ alias: Alias, of group: inout Group, in transaction: inout IdentityTransaction) throws(CofferError) {
        guard group.isExternal else { throw .invalid("alias can't be set on an internal group") }
        guard group.alias == nil else { throw .invalid("the group already has an alias") }
        group.alias = alias
        group.modifyIndex += 1
        group.updatedAt = alias.updatedAt
        transaction.put(group)
        transaction.put(IdentityKeys.groupAlias(alias.id), text: group.id)
        transaction.put(IdentityKeys.groupAlias(at: alias.place), text: group.id)
    }

    /// Removes all members of an external group. They were members because of the old alias; each becomes one again at the
    /// next login if the new alias matches.
    private func dropMembers(of group: inout Group, in transaction: inout IdentityTransaction) {
        for id in group.memberEntityIDs { transaction.delete(IdentityKeys.memberships(of: id) + group.id) }
        group.memberEntityIDs = []
        group.modifyIndex += 1
    }

    // MARK: Finding and deleting

    /// Returns the group that has the alias with this id, or nil if there is none.
    private func groupWithAlias(_ id: String, in transaction: inout IdentityTransaction) async throws -> Group? {
        guard let owner = try await transaction.text(IdentityKeys.groupAlias(id)), let group = try await transaction.group(owner),
            group.alias?.id == id
        else { return nil }
        return group
    }

    /// Returns the group that has the alias with this id, or nil if there is none.
    func groupWithAlias(_ id: String) async throws -> Group? {
        try await reading { try await groupWithAlias(id, in: &$0) }
    }

    /// Deletes the alias of a group and the group's members. Deleting one that does not exist is not an error.
    func deleteGroupAlias(_ id: String) async throws {
        try await changeGraph { transaction in
            guard var group = try await groupWithAlias(id, in: &transaction), let alias = group.alias else { return }
            transaction.deleteGroupIndexes(alias)
            group.alias = nil
            dropMembers(of: &group, in: &transaction)
            transaction.put(group)
        }
    }

    /// Deletes the group alias that an index entry of a removed auth mount names, and the entry.
    func forgetGroupAlias(_ key: String, mount accessor: String) async throws {
        try await changeGraph { transaction in
            guard let owner = try await transaction.text(key) else { return }
            transaction.delete(key)
            guard var group = try await transaction.group(owner), let alias = group.alias, alias.mountAccessor == accessor else {
                return
            }
            transaction.deleteGroupIndexes(alias)
            group.alias = nil
            dropMembers(of: &group, in: &transaction)
            transaction.put(group)
        }
    }
}
