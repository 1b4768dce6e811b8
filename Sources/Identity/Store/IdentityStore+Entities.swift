import EngineKit

extension IdentityStore {
    /// Which entity a write is about.
    enum EntityTarget: Sendable {
        /// An existing entity.
        case id(String)
        /// The entity with this name, created if there is none.
        case name(String)
        /// The entity with the name in the changes, or a new one.
        case any
    }

    /// Creates or changes an entity. Returns it, and whether it is new.
    func write(_ target: EntityTarget, _ changes: EntityChanges) async throws -> (entity: Entity, isNew: Bool) {
        try await change { transaction in
            var found: Entity?
            switch target {
            case .id(let id):
                found = try await transaction.entity(id)
                guard found != nil else { throw CofferError.invalid("entity not found from id") }
            case .name(let name): found = try await transaction.entity(named: name)
            case .any:
                if let name = changes.name, !name.isEmpty { found = try await transaction.entity(named: name) }
            }
            if let found {
                return (try await update(found, changes, in: &transaction), false)
            }
            var name = changes.name
            if case .name(let chosen) = target { name = chosen }
            var entity = try await makeEntity(named: name, in: &transaction)
            entity.apply(changes, at: time.now())
            transaction.put(entity)
            return (entity, true)
        }
    }

    /// Changes an existing entity, whose name may change too.
    private func update(
        _ found: Entity, _ changes: EntityChanges, in transaction: inout IdentityTransaction
    ) async throws -> Entity {
        var entity = found
        if let name = changes.name, !name.isEmpty, name != entity.name {
            try IdentityLimits.checkName(name)
            if let other = try await transaction.entity(named: name), other.id != entity.id {
                throw CofferError.invalid("entity name is already in use")
            }
            transaction.delete(IdentityKeys.entityName(entity.name))
            transaction.put(IdentityKeys.entityName(name), text: entity.id)
            entity.name = name
        }
        entity.apply(changes, at: time.now())
        transaction.put(entity)
        return entity
    }

    /// Returns the entity with this id, or the one it was merged into; nil if there is none.
    func entity(_ id: String) async throws -> Entity? { try await reading { try await $0.entity(id) } }

    /// Returns the entity with this name, in any case; nil if there is none.
    func entity(named name: String) async throws -> Entity? { try await reading { try await $0.entity(named: name) } }

    /// Deletes an entity, its aliases, its memberships and its secrets of second factors. Its tokens are refused from then on. Deleting one that does not
    /// exist is not an error.
    ///
    /// - Parameter find: Returns the entity to delete, within the transaction that deletes it.
    func deleteEntity(_ find: (inout IdentityTransaction) async throws -> Entity?) async throws {
        guard try await reading(find) != nil else { return }
        try await changeGraph { transaction in
            guard let entity = try await find(&transaction) else { return }
            for id in try await transaction.names(
                IdentityKeys.memberships(of: entity.id), limit: IdentityLimits.groupsOfEntityMax + 1)
            {
                try await remove(entity.id, fromGroup: id, in: &transaction)
            }
            for alias in entity.aliases { transaction.deleteIndexes(alias) }
            for id in entity.mergedIDs { transaction.delete(IdentityKeys.merged(id)) }
            try await transaction.deleteSecrets(ofEntity: entity.id)
            transaction.delete(IdentityKeys.entityName(entity.name))
            transaction.delete(IdentityKeys.entity(entity.id))
        }
    }

    /// Removes an entity from the members of a group.
    func remove(_ entity: String, fromGroup id: String, in transaction: inout IdentityTransaction) async throws {
        transaction.delete(IdentityKeys.memberships(of: entity) + id)
        guard var group = try await transaction.group(id) else { return }
        group.memberEntityIDs.removeAll { $0 == entity }
        group.modifyIndex += 1
        group.updatedAt = time.now()
        transaction.put(group)
    }
}

extension Entity {
    /// Applies all changes except the name, which has an index entry that changes with it.
    fileprivate mutating func apply(_ changes: EntityChanges, at now: Timestamp) {
        if let value = changes.metadata { metadata = value }
        if let value = changes.policies { policies = value }
        if let value = changes.isDisabled { isDisabled = value }
        updatedAt = now
    }
}
