import EngineKit
import Syntax

extension IdentityEngine {
    private static let changeFields = [
        Field("name", .string, "The name that the auth mount's logins report."),
        Field("canonical_id", .string, "The id of the entity or group that the alias belongs to."),
        Field("entity_id", .string, deprecated: true, "Use canonical_id instead."),
        Field("mount_accessor", .string, "The accessor of the auth mount."),
    ]
    private static let customField = Field("custom_metadata", .stringMap, "Metadata that logins do not change.")

    /// The paths `entity-alias` and `entity-alias/…`.
    var aliasPaths: [EnginePath] {
        [
            EnginePath(
                "entity-alias", "Create or change an alias of an entity.",
                fields: [Self.idField] + Self.changeFields + [Self.customField],
                endpoints: [.update: .init("Create or change an alias.") { try await writeAlias($0, id: $0.fields.string("id")) }]),
            EnginePath(
                "entity-alias/id", "List aliases of entities by id.", fields: Paging.fields,
                endpoints: [.list: .init("List the ids.", changesNothing: true) { try await listAliases($0) }]),
            EnginePath(
                "entity-alias/id/{id}", "Manage an alias of an entity.", fields: Self.changeFields + [Self.customField],
                endpoints: [
                    .read: .init("Read an alias.", changesNothing: true) { request in
                        guard let alias = try await store.alias(request.captures["id"]) else { throw CofferError.notFound }
                        return .data(shown(alias))
                    },
                    .update: .init("Change an alias.") { try await writeAlias($0, id: $0.captures["id"]) },
                    .delete: .init("Delete an alias.") { request in
                        try await store.deleteAlias(request.captures["id"])
                        return .empty
                    },
                ]),
        ]
    }

    private func writeAlias(_ request: Request, id: String?) async throws -> Response {
        var changes = try aliasChanges(request, id: id, of: try await store.alias(id ?? ""))
        changes.customMetadata = try metadata(request, "custom_metadata")
        return Self.answer(try await store.write(changes, mayMove: request.hasSudo()))
    }

    private func aliasChanges(_ request: Request, id: String?, of alias: Alias?) throws(CofferError) -> AliasChanges {
        var changes = AliasChanges()
        changes.id = id.flatMap { $0.isEmpty ? nil : $0 }
        let canonical = request.fields.string("canonical_id") ?? request.fields.text("entity_id")
        changes.canonicalID = canonical.isEmpty ? nil : canonical
        changes.place = try place(request, of: alias)
        return changes
    }

    private static func answer(_ alias: Alias) -> Response {
        .data(["canonical_id": .string(alias.canonicalID), "id": .string(alias.id)])
    }

    private func listAliases(_ request: Request) async throws -> Response {
        var keys: [String] = []
        var info = JSONObject()
        for id in try await page(IdentityKeys.aliases, request) {
            guard let alias = try await store.alias(id) else { continue }
            keys.append(id)
            info.members.append(.init(key: id, value: .object(summary(alias))))
        }
        return try .keys(keys, info: info)
    }

    // MARK: Aliases of groups

    /// The paths `group-alias` and `group-alias/…`.
    var groupAliasPaths: [EnginePath] {
        [
            EnginePath(
                "group-alias", "Create or change the alias of an external group.", fields: [Self.idField] + Self.changeFields,
                endpoints: [
                    .update: .init("Create or change an alias.") { try await writeGroupAlias($0, id: $0.fields.string("id")) }
                ]),
            EnginePath(
                "group-alias/id", "List aliases of groups by id.", fields: Paging.fields,
                endpoints: [.list: .init("List the ids.", changesNothing: true) { try await listGroupAliases($0) }]),
            EnginePath(
                "group-alias/id/{id}", "Manage the alias of an external group.", fields: Self.changeFields,
                endpoints: [
                    .read: .init("Read an alias.", changesNothing: true) { request in
                        guard let alias = try await store.groupWithAlias(request.captures["id"])?.alias else {
                            throw CofferError.notFound
                        }
                        return .data(shown(alias))
                    },
                    .update: .init("Change an alias.") { try await writeGroupAlias($0, id: $0.captures["id"]) },
                    .delete: .init("Delete an alias.") { request in
                        try await store.deleteGroupAlias(request.captures["id"])
                        return .empty
                    },
                ]),
        ]
    }

    private func writeGroupAlias(_ request: Request, id: String?) async throws -> Response {
        let changes = try aliasChanges(request, id: id, of: try await store.groupWithAlias(id ?? "")?.alias)
        return Self.answer(try await store.writeGroupAlias(changes, mayMove: request.hasSudo()))
    }

    private func listGroupAliases(_ request: Request) async throws -> Response {
        var keys: [String] = []
        var info = JSONObject()
        for id in try await page(IdentityKeys.groupAliases, request) {
            guard let alias = try await store.groupWithAlias(id)?.alias else { continue }
            keys.append(id)
            info.members.append(.init(key: id, value: .object(summary(alias))))
        }
        return try .keys(keys, info: info)
    }
}
