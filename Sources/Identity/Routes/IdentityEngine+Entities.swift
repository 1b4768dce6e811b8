import EngineKit
import Syntax

extension IdentityEngine {
    private static let changeFields = [
        metadataField, policiesField, Field("disabled", .bool, "Whether the entity's tokens are refused, without being revoked."),
    ]

    /// The paths `entity` and `entity/…`, except for merging.
    var entityPaths: [EnginePath] {
        [
            EnginePath(
                "entity", "Create or change an entity.", fields: [Self.idField, Self.nameField] + Self.changeFields,
                endpoints: [
                    .update: .init("Create or change an entity.") { request in
                        let id = request.fields.text("id")
                        return try await write(id.isEmpty ? .any : .id(id), request)
                    }
                ]),
            EnginePath(
                "entity/batch-delete", "Delete several entities.",
                fields: [Field("entity_ids", .strings, required: true, "The ids of the entities.")],
                endpoints: [.update: .init("Delete entities.") { try await deleteEntities($0) }]),
            EnginePath(
                "entity/id", "List entities by id.", fields: Paging.fields,
                endpoints: [.list: .init("List the ids.", changesNothing: true) { try await listEntities($0, byName: false) }]),
            EnginePath(
                "entity/id/{id}", "Manage an entity by its id.", fields: [Self.nameField] + Self.changeFields,
                endpoints: [
                    .read: .init("Read an entity.", changesNothing: true) { request in
                        try await answer(try await store.entity(request.captures["id"]))
                    },
                    .update: .init("Change an entity.") { try await write(.id($0.captures["id"]), $0) },
                    .delete: .init("Delete an entity.") { request in
                        let id = request.captures["id"]
                        try await store.deleteEntity { try await $0.entity(id) }
                        return .empty
                    },
                ]),
            EnginePath(
                "entity/name", "List entities by name.", fields: Paging.fields,
                endpoints: [.list: .init("List the names.", changesNothing: true) { try await listEntities($0, byName: true) }]),
            EnginePath(
                "entity/name/{name...}", "Manage an entity by its name.", fields: Self.changeFields,
                endpoints: [
                    .read: .init("Read an entity.", changesNothing: true) { request in
                        try await answer(try await store.entity(named: request.captures["name"]))
                    },
                    .update: .init("Create or change an entity.") { try await write(.name($0.captures["name"]), $0) },
                    .delete: .init("Delete an entity.") { request in
                        let name = request.captures["name"]
                        try await store.deleteEntity { try await $0.entity(named: name) }
                        return .empty
                    },
                ]),
        ]
    }

    private func write(_ target: IdentityStore.EntityTarget, _ request: Request) async throws -> Response {
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
        var data = shown(entity, try await store.resolve(entity.id))
        let methods = try await store.mfa.methods(ofEntity: entity.id)
        data["mfa_secrets"] = .object(JSONObject(methods.map { .init(key: $0.id, value: ["type": .string(TOTPMethod.type)]) }))
        return .data(data)
    }

    private func deleteEntities(_ request: Request) async throws -> Response {
        let ids = request.fields.texts("entity_ids")
        guard !ids.isEmpty else { throw CofferError.invalid("missing entity ids to delete") }
        guard ids.count <= IdentityLimits.batchMax else {
            throw CofferError.invalid("at most \(IdentityLimits.batchMax) entities may be deleted at once")
        }
        for id in ids { try await store.deleteEntity { try await $0.entity(id) } }
        return .empty
    }

    private func listEntities(_ request: Request, byName: Bool) async throws -> Response {
        var keys: [String] = []
        var info = JSONObject()
        let page =
            byName
            ? try await page(IdentityKeys.entityNames, request, key: IdentityKeys.folded)
            : try await page(IdentityKeys.entities, request)
        for name in page {
            let id: String? = byName ? try await store.reading { try await $0.text(IdentityKeys.entityNames + name) } : name
            guard let id, let entity = try await store.entity(id) else { continue }
            keys.append(byName ? entity.name : entity.id)
            info.members.append(.init(key: entity.id, value: .object(summary(entity))))
        }
        return try .keys(keys, info: byName ? nil : info)
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
