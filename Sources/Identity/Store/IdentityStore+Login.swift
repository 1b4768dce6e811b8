import EngineKit

extension IdentityStore {
    /// The number of groups that one login may name.
    private static let loginGroupsMax = 1_000

    /// Returns the entity of an alias after a login, created if there is none. Nothing is written unless the alias or its
    /// groups changed.
    package func logIn(_ login: LoginAlias) async throws -> ResolvedEntity {
        try IdentityLimits.checkAliasName(login.name)
        let place = AliasPlace(mountAccessor: login.mountAccessor, name: login.name)
        if let found = try await resolvedEntity(at: place),
            found.entity.alias(mount: place.mountAccessor)?.metadata == login.metadata
        {
            return try await refreshExternalGroups(of: found, login)
        }
        try IdentityLimits.checkMetadata(login.metadata, field: "metadata")
        let id = try await change { transaction in try await register(place, login.metadata, in: &transaction) }
        guard let entity = try await resolve(id) else { throw CofferError.denied }
        return try await refreshExternalGroups(of: entity, login)
    }

    /// Updates the memberships of an entity in external groups to those that its auth method reports now. Does nothing if the
    /// alias no longer belongs to the entity.
    package func refreshGroups(of entityID: String, _ login: LoginAlias) async throws {
        let place = AliasPlace(mountAccessor: login.mountAccessor, name: login.name)
        guard let found = try await resolvedEntity(at: place), found.entity.id == entityID else { return }
        _ = try await refreshExternalGroups(of: found, login)
    }

    /// Returns the entity for the alias that a token is created with, created if there is none.
    package func entity(aliasedAs name: String, mountAccessor: String) async throws -> ResolvedEntity {
        try await logIn(LoginAlias(mountAccessor: mountAccessor, name: name))
    }

    /// Returns the entity that has an alias of this name on a mount, or nil if there is none. Writes nothing.
    package func entity(ofAlias name: String, mountAccessor: String) async throws -> ResolvedEntity? {
        guard !name.isEmpty, name.utf8.count <= IdentityLimits.aliasNameBytesMax else { return nil }
        return try await resolvedEntity(at: AliasPlace(mountAccessor: mountAccessor, name: name))
    }

    /// Returns the entity that has an alias of this name and mount, or nil if there is none.
    private func resolvedEntity(at place: AliasPlace) async throws -> ResolvedEntity? {
        guard let id = try await storage.get(IdentityKeys.alias(at: place))?.value else { return nil }
        return try await resolve(String(decoding: id, as: UTF8.self))
    }

    /// Stores the metadata of a login with its alias, and creates the alias and an entity if there is none. Returns the entity's id.
    private func register(
        _ place: AliasPlace, _ metadata: [String: String], in transaction: inout IdentityTransaction
    ) async throws -> String {
        let now = time.now()
        if var entity = try await transaction.entity(at: place) {
            for index in entity.aliases.indices where entity.aliases[index].place == place {
                entity.aliases[index].metadata = metadata
                entity.aliases[index].updatedAt = now
            }
            entity.updatedAt = now
            transaction.put(entity)
            return entity.id
        }
        var entity: Entity = try await make(in: &transaction)
        let alias = Alias(
            id: randomness.uuid(), canonicalID: entity.id, mountAccessor: place.mountAccessor, name: place.name,
            metadata: metadata, createdAt: now, updatedAt: now)
        entity.aliases = [alias]
        transaction.putIndexes(alias)
        transaction.put(entity)
        return entity.id
    }

    // MARK: External groups

    /// Updates the entity's memberships in the external groups of the login's mount to those that the login reports.
    private func refreshExternalGroups(of found: ResolvedEntity, _ login: LoginAlias) async throws -> ResolvedEntity {
        guard login.groups.count <= Self.loginGroupsMax else {
            throw CofferError(.tooLarge, "the login names more than \(Self.loginGroupsMax) groups")
        }
        var wanted: Set<String> = []
        for name in Set(login.groups) where !name.isEmpty && name.utf8.count <= IdentityLimits.aliasNameBytesMax {
            let place = AliasPlace(mountAccessor: login.mountAccessor, name: name)
            if let id = try await storage.get(IdentityKeys.groupAlias(at: place))?.value {
                wanted.insert(String(decoding: id, as: UTF8.self))
            }
        }
        let held = found.groups.filter { group in
            group.alias?.mountAccessor == login.mountAccessor && found.directGroupIDs.contains(group.id)
        }
        guard Set(held.map(\.id)) != wanted else { return found }
        let names = Set(login.groups)
        try await changeGraph { transaction in
            guard let entity = try await transaction.entity(found.id) else { throw CofferError.denied }
            for id in wanted.union(held.map(\.id)) {
                guard var group = try await transaction.group(id), let alias = group.alias,
                    alias.mountAccessor == login.mountAccessor
                else { continue }
                let belongs = names.contains(alias.name)
                guard belongs != group.memberEntityIDs.contains(entity.id) else { continue }
                if belongs {
                    group.memberEntityIDs.append(entity.id)
                    transaction.put(IdentityKeys.memberships(of: entity.id) + id, [])
                } else {
                    group.memberEntityIDs.removeAll { $0 == entity.id }
                    transaction.delete(IdentityKeys.memberships(of: entity.id) + id)
                }
                group.modifyIndex += 1
                transaction.put(group)
            }
        }
        guard let entity = try await resolve(found.id) else { throw CofferError.denied }
        return entity
    }
}
