import EngineKit

extension IdentityEngine {
    /// The path `entity/merge`.
    var mergePaths: [EnginePath] {
        [
            EnginePath(
                "entity/merge", "Merge entities.",
                fields: [
                    Field("from_entity_ids", .strings, required: true, "The ids of the entities that are merged and then deleted."),
                    Field(
                        "to_entity_id", .string, required: true, "The id of the entity that receives their aliases and memberships."
                    ),
                    Field("force", .bool, "Accepted for compatibility and ignored."),
                    Field(
                        "conflicting_alias_ids_to_keep", .strings,
                        "The ids of the aliases to keep where both entities have one on a mount. Only one entity can then be merged."
                    ),
                ], access: .sudo
            )
            .updatingWithoutAnswer("Merge entities.") { try await merge($0) }
        ]
    }

    private func merge(_ request: Request) async throws {
        var from: [String] = []
        for id in request.fields.texts("from_entity_ids") where !from.contains(id) { from.append(id) }
        let to = request.fields.text("to_entity_id")
        guard !from.isEmpty else { throw CofferError.invalid("missing entity ids to merge from") }
        guard !to.isEmpty else { throw CofferError.invalid("missing entity id to merge to") }
        guard from.count <= IdentityLimits.batchMax else {
            throw CofferError.invalid("at most \(IdentityLimits.batchMax) entities may be merged at once")
        }
        let kept = Set(request.fields.texts("conflicting_alias_ids_to_keep"))
        guard kept.isEmpty || from.count == 1 else {
            throw CofferError.invalid("aliases to keep can be named only when one entity is merged")
        }
        try await store.merge(.init(from: from, to: to, kept: kept))
    }
}
