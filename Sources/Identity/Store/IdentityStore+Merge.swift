import EngineKit

extension IdentityStore {
    struct Merge: Sendable {
        var from: [String]
        var to: String
        /// Of two aliases on one mount, those that stay. Then only one entity can be merged at once.
        var kept: Set<String> = []
    }

    /// Makes several entities one: aliases and memberships move, policies and metadata of the merged ones end.
    ///
    /// Who may do this can take over what others may do, so the path needs `sudo`; and aliases that clash are refused,
    /// never silently replaced.
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
                transaction.delete(IdentityKeys.entityName(source.name))
                transaction.delete(IdentityKeys.entity(source.id))
            }
            guard target.aliases.count <= IdentityLimits.aliasesMax else {
                throw CofferError.invalid("an entity may have \(IdentityLimits.aliasesMax) aliases at most")
            }
            target.updatedAt = time.now()
            transaction.put(target)
        }
    }

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
