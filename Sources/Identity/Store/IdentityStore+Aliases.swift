import EngineKit

/// A validated request to change an alias. A member that is nil stays as it is.
struct AliasChanges: Sendable {
    var id: String?
    var canonicalID: String?
    var place: AliasPlace?
    var customMetadata: [String: String]?
}

extension IdentityStore {
    /// Creates an alias of an entity or changes an existing one, which is found by the id in `changes` or, without an id, by
    /// its name and mount.
    ///
    /// - Parameter mayMove: Whether an existing alias may be given to another entity. Whoever logs in with the alias then gains
    ///   everything that the other entity may do.
    func write(_ changes: AliasChanges, mayMove: Bool) async throws -> Alias {
        try await change { transaction in
            if let owner = try await owner(of: changes, in: &transaction) {
                return try await update(owner.alias, of: owner.entity, with: changes, mayMove: mayMove, in: &transaction)
            }
            guard let place = changes.place else { throw CofferError.invalid("missing alias name or mount accessor") }
            var entity: Entity
            if let id = changes.canonicalID {
                guard let found = try await transaction.entity(id) else { throw CofferError.invalid("invalid canonical ID") }
                entity = found
            } else {
                entity = try await make(in: &transaction)
            }
            let now = time.now()
            let alias = Alias(
                id: randomness.uuid(), canonicalID: entity.id, mountAccessor: place.mountAccessor, name: place.name,
                customMetadata: changes.customMetadata ?? [:], createdAt: now, updatedAt: now)
            try add(alias, to: &entity)
            transaction.putIndexes(alias)
            transaction.put(entity)
            return alias
        }
    }

    /// Returns the alias that `changes` are about and its entity, or nil if there is none yet.
    private func owner(
        of changes: AliasChanges, in transaction: inout IdentityTransaction
    ) async throws -> (entity: Entity, alias: Alias)? {
        if let id = changes.id {
            guard let found = try await alias(id, in: &transaction) else { throw CofferError.invalid("invalid alias ID") }
            return found
        }
        guard let place = changes.place, let entity = try await transaction.entity(at: place),
            let alias = entity.aliases.first(where: { $0.place == place })
        else { return nil }
        return (entity, alias)
    }

    private func update(
        _ old: Alias, of owner: Entity, with changes: AliasChanges, mayMove: Bool, in transaction: inout IdentityTransaction
    ) async throws -> Alias {
        var (alias, entity) = (old, owner)
        if let custom = changes.customMetadata { alias.customMetadata = custom }
        alias.updatedAt = time.now()
        if let place = changes.place, place != old.place {
            // An alias that already has this name on the mount is another one.
            guard try await transaction.get(IdentityKeys.alias(at: place)) == nil else {
                throw CofferError.invalid("alias name is already in use on that mount")
            }
            alias.mountAccessor = place.mountAccessor
            alias.name = place.name
            alias.metadata = [:]
        }
        entity.aliases.removeAll { $0.id == old.id }
        transaction.deleteIndexes(old)
        if let id = changes.canonicalID, id != entity.id, let target = try await transaction.entity(id), target.id != entity.id {
            guard mayMove else { throw CofferError.denied }
            entity.updatedAt = alias.updatedAt
            transaction.put(entity)
            entity = target
        } else if let id = changes.canonicalID, id != entity.id, try await transaction.entity(id) == nil {
            throw CofferError.invalid("invalid canonical ID")
        }
        alias.canonicalID = entity.id
        try add(alias, to: &entity)
        transaction.putIndexes(alias)
        transaction.put(entity)
        return alias
    }

    /// Gives an alias to an entity that has none on the same mount.
    private func add(_ alias: Alias, to entity: inout Entity) throws(CofferError) {
        guard entity.alias(mount: alias.mountAccessor) == nil else {
            throw .invalid("the entity already has an alias on that mount")
        }
        guard entity.aliases.count < IdentityLimits.aliasesMax else {
            throw .invalid("an entity may have at most \(IdentityLimits.aliasesMax) aliases")
        }
        entity.aliases.append(alias)
        entity.updatedAt = alias.updatedAt
    }

    // MARK: Finding and deleting

    /// Returns an alias of an entity and the entity, or nil if there is no such alias.
    func alias(_ id: String, in transaction: inout IdentityTransaction) async throws -> (entity: Entity, alias: Alias)? {
        guard let owner = try await transaction.text(IdentityKeys.alias(id)), let entity = try await transaction.entity(owner),
            let alias = entity.aliases.first(where: { $0.id == id })
        else { return nil }
        return (entity, alias)
    }

    /// Returns an alias of an entity, or nil if there is none.
    func alias(_ id: String) async throws -> Alias? { try await reading { try await alias(id, in: &$0)?.alias } }

    /// Deletes an alias of an entity. Deleting one that does not exist is not an error.
    func deleteAlias(_ id: String) async throws {
        try await change { transaction in
            guard let (owner, alias) = try await alias(id, in: &transaction) else { return }
            var entity = owner
            transaction.deleteIndexes(alias)
            entity.aliases.removeAll { $0.id == alias.id }
            entity.updatedAt = time.now()
            transaction.put(entity)
        }
    }

    /// Deletes every alias of an auth mount that was removed. Can be called again after a crash.
    package func forgetMount(accessor: String) async throws {
        for (prefix, isGroups) in [(IdentityKeys.aliasNames(accessor), false), (IdentityKeys.groupAliasNames(accessor), true)] {
            while true {
                let names = try await storage.list(Listing(prefix: prefix, limit: 500))
                if names.isEmpty { break }
                for name in names {
                    if isGroups {
                        try await forgetGroupAlias(prefix + name, mount: accessor)
                    } else {
                        try await forgetAlias(prefix + name, mount: accessor)
                    }
                }
            }
        }
    }

    /// Deletes the aliases of the entity that an index entry of a removed auth mount names, and the entry.
    private func forgetAlias(_ key: String, mount accessor: String) async throws {
        try await change { transaction in
            guard let owner = try await transaction.text(key) else { return }
            transaction.delete(key)
            guard var entity = try await transaction.entity(owner) else { return }
            for alias in entity.aliases where alias.mountAccessor == accessor { transaction.deleteIndexes(alias) }
            entity.aliases.removeAll { $0.mountAccessor == accessor }
            entity.updatedAt = time.now()
            transaction.put(entity)
        }
    }
}
