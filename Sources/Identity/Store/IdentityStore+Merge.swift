import EngineKit

extension IdentityStore {
    /// A request to merge entities into one.
    struct Merge: Sendable {
        /// The ids of the entities that are merged and then deleted.
        var from: [String]
        /// The id of the entity that remains.
        var to: String
        /// The ids of the aliases to keep where both entities have one on the same mount. Only if ``from`` has one element.
        var kept: Set<String> = []
    }

    /// Merges entities into one. It receives their aliases and group memberships; their policies and metadata are deleted.
    ///
    /// The caller gains access to everything that the merged entities may do, so the path requires `sudo`. Aliases that
    /// conflict are refused rather than replaced.
    func merge(_ merge: Merge) async throws {
        try await changeGraph { transaction in
            guard var target = try await transaction.entity(merge.to), target.id == merge.to else {
                throw CofferError.invalid("entity id to merge to is invalid")
            }
            for id in merge.from {
                guard id != target.id else { throw CofferError.invalid("to_entity_id should not be present in from_entity_ids") }
                guard let source = try await transaction.entity(id), source.id == id else {
                    throw CofferError.invalid("entity id to merge from is invalid")
                }
                try move(source, into: &target, keeping: merge.kept, in: &transaction)
                try await moveMemberships(of: source, to: target, in: &transaction)
                transaction.delete(source)
            }
            guard target.aliases.count <= IdentityLimits.aliasesMax else {
                throw CofferError.invalid("an entity may have at most \(IdentityLimits.aliasesMax) aliases")
            }
            target.updatedAt = time.now()
            transaction.put(target)
        }
    }

    /// Moves the aliases of an entity to another, and records that the other is found by the first one's id.
    private func move(
        _ source: Entity, into target: inout Entity, keeping kept: Set<String>, in transaction: inout IdentityTransaction
    ) throws(CofferError) {
        for var alias in source.aliases {
            transaction.deleteIndexes(alias)
            if let clash = target.alias(mount: alias.mountAccessor) {
                switch (kept.contains(alias.id), kept.contains(clash.id)) {
                case (false, true): continue
                case (true, false):
                    transaction.deleteIndexes(clash)
                    target.aliases.removeAll { $0.id == clash.id }
                default:
                    throw .invalid(
                        "toEntity and at least one fromEntity have aliases with the same mount accessor \(alias.mountAccessor), "
                            + "repeat the merge request specifying exactly one fromEntity and the alias to keep: "
                            + "\(clash.id) or \(alias.id)")
                }
            }
            alias.mergedFrom.append(source.id)
            alias.canonicalID = target.id
            alias.updatedAt = time.now()
            transaction.putIndexes(alias)
            target.aliases.append(alias)
        }
        for id in source.mergedIDs + [source.id] {
            transaction.put(IdentityKeys.merged(id), text: target.id)
            target.mergedIDs.append(id)
        }
    }

    /// Replaces an entity by another in all groups that it is in directly.
    private func moveMemberships(
        of source: Entity, to target: Entity, in transaction: inout IdentityTransaction
    ) async throws {
        let ids = try await transaction.names(
            IdentityKeys.memberships(of: source.id), limit: IdentityLimits.groupsOfEntityMax + 1)
        for id in ids {
            transaction.delete(IdentityKeys.memberships(of: source.id) + id)
            guard var group = try await transaction.group(id) else { continue }
            group.memberEntityIDs.removeAll { $0 == source.id || $0 == target.id }
            group.memberEntityIDs.append(target.id)
            group.modifyIndex += 1
            group.updatedAt = time.now()
            transaction.put(group)
            transaction.put(IdentityKeys.memberships(of: target.id) + id, [])
        }
    }
}
