import EngineKit
import Syntax

extension IdentityEngine {
    private static let changeFields = [
        metadataField, policiesField, Field("disabled", .bool, "Whether the entity's tokens are refused, without being revoked."),
    ]

    /// The paths `entity` and `entity/…`, except for merging.
    var entityPaths: [EnginePath] {
        let routes = MemberHandlers(
            noun: "an entity", plural: "entities", fields: Self.changeFields, write: write, answer: answer,
            delete: store.deleteEntity,
            summary: summary)
        return paths(routes) + [
            EnginePath(
                "entity/batch-delete", "Delete several entities.",
                fields: [Field("entity_ids", .strings, required: true, "The ids of the entities.")]
            )
            .updatingWithoutAnswer("Delete entities.") { try await deleteEntities($0) }
        ]
    }

    private func write(_ target: IdentityTarget, _ request: Request) async throws -> Response {
        let changes = EntityChanges(
            name: request.fields.string("name"), metadata: try metadata(request), policies: try policies(request),
            isDisabled: request.fields.bool("disabled"))
        let (entity, isNew) = try await store.write(target, changes)
        guard isNew else { return .empty }
        return .data([
            "aliases": entity.aliases.isEmpty ? .null : .strings(entity.aliases.map(\.id)), "id": .string(entity.id),
            "name": .string(entity.name),
        ])
    }

    /// Returns the answer to a read of an entity.
    func answer(_ entity: Entity?) async throws -> Response {
        guard let entity else { throw CofferError.notFound }
        return .data(shown(entity, try await store.resolve(entity.id)))
    }

    private func deleteEntities(_ request: Request) async throws {
        let ids = request.fields.texts("entity_ids")
        guard !ids.isEmpty else { throw CofferError.invalid("missing entity ids to delete") }
        guard ids.count <= IdentityLimits.batchMax else {
            throw CofferError.invalid("at most \(IdentityLimits.batchMax) entities may be deleted at once")
        }
        for id in ids { try await store.deleteEntity(.id(id)) }
    }

    private func summary(_ entity: Entity) -> JSONObject {
        let aliases = entity.aliases.map { alias in
            var object = summary(alias)
            object["id"] = .string(alias.id)
            return JSON.object(object)
        }
        return ["aliases": .array(aliases), "name": .string(entity.name)]
    }
}
