import EngineKit
import Syntax

extension IdentityEngine {
    private static let changeFields = [
        Field("name", .string, "Name of the alias: what the mount's logins call it."),
        Field("canonical_id", .string, "Id of the entity it belongs to."),
        Field("entity_id", .string, deprecated: true, "Use canonical_id."),
        Field("mount_accessor", .string, "Accessor of the auth mount."),
    ]
    private static let customField = Field("custom_metadata", .stringMap, "Facts that no login changes.")

    var aliasPaths: [EnginePath] {
        [
            EnginePath(
                "entity-alias", "Aliases of entities.", fields: [Self.idField] + Self.changeFields + [Self.customField],
                endpoints: [.update: .init("Make or change an alias.") { try await writeAlias($0, id: $0.fields.string("id")) }]),
            EnginePath(
                "entity-alias/id", "Aliases by id.", fields: Paging.fields,
                endpoints: [.list: .init("List ids.", changesNothing: true) { try await listAliases($0) }]),
            EnginePath(
                "entity-alias/id/{id}", "One alias.", fields: Self.changeFields + [Self.customField],
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
        let canonical = request.fields.string("canonical_id") ?? request.fields.string("entity_id") ?? ""
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

    // MARK: Of groups

    var groupAliasPaths: [EnginePath] {
        [
            EnginePath(
                "group-alias", "Aliases of external groups.", fields: [Self.idField] + Self.changeFields,
                endpoints: [
                    .update: .init("Make or change an alias.") { try await writeGroupAlias($0, id: $0.fields.string("id")) }
                ]),
            EnginePath(
                "group-alias/id", "Aliases by id.", fields: Paging.fields,
                endpoints: [.list: .init("List ids.", changesNothing: true) { try await listGroupAliases($0) }]),
            EnginePath(
                "group-alias/id/{id}", "One alias of a group.", fields: Self.changeFields,
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
