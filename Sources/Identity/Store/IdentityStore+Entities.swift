import EngineKit

extension IdentityStore {
    /// Creates or changes an entity. Returns it, and whether it is new.
    func write(_ target: IdentityTarget, _ changes: EntityChanges) async throws -> (entity: Entity, isNew: Bool) {
        try await change { transaction in
            var (entity, isNew): (Entity, Bool) = try await findOrMake(target, named: changes.name, in: &transaction)
            try await rename(&entity, changes.name, in: &transaction)
            if let metadata = changes.metadata { entity.metadata = metadata }
            if let policies = changes.policies { entity.policies = policies }
            if let isDisabled = changes.isDisabled { entity.isDisabled = isDisabled }
            entity.updatedAt = time.now()
            transaction.put(entity)
            return (entity, isNew)
        }
    }

    /// Deletes an entity, its aliases, its memberships and its secrets of second factors. Its tokens are refused from then on.
    /// Deleting one that does not exist is not an error; deleting one that an enforcement of second factors names is.
    func deleteEntity(_ target: IdentityTarget) async throws {
        let known: Entity? = try await read(target)
        guard known != nil else { return }
        try await changeGraph { transaction in
            guard let entity: Entity = try await find(target, orNamed: nil, in: &transaction) else { return }
            try await mfa.refuseDeletion(
                of: [entity.id] + entity.mergedIDs, in: \.entityIDs, called: "entity", in: &transaction)
            for id in try await transaction.names(
                IdentityKeys.memberships(of: entity.id), limit: IdentityLimits.groupsOfEntityMax + 1)
            {
                try await remove(entity.id, fromGroup: id, in: &transaction)
            }
            for alias in entity.aliases { transaction.deleteIndexes(alias) }
            for id in entity.mergedIDs { transaction.delete(IdentityKeys.merged(id)) }
            try await transaction.deleteSecrets(ofEntity: entity.id)
            transaction.delete(entity)
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
