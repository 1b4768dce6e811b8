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
        aliasPaths(
            "entity-alias", "an alias of an entity", plural: "aliases of entities", fields: Self.changeFields + [Self.customField],
            folder: IdentityKeys.aliases, find: store.alias, delete: store.deleteAlias
        ) { request, changes in
            var changes = changes
            changes.customMetadata = try metadata(request, "custom_metadata")
            return try await store.write(changes, mayMove: request.hasSudo())
        }
    }

    /// The paths `group-alias` and `group-alias/…`.
    var groupAliasPaths: [EnginePath] {
        aliasPaths(
            "group-alias", "the alias of an external group", plural: "aliases of groups", fields: Self.changeFields,
            folder: IdentityKeys.groupAliases, find: { try await store.groupWithAlias($0)?.alias }, delete: store.deleteGroupAlias
        ) { request, changes in try await store.writeGroupAlias(changes, mayMove: request.hasSudo()) }
    }

    private func aliasPaths(
        _ root: String, _ noun: String, plural: String, fields: [Field], folder: String,
        find: @escaping @Sendable (String) async throws -> Alias?, delete: @escaping @Sendable (String) async throws -> Void,
        write: @escaping @Sendable (Request, AliasChanges) async throws -> Alias
    ) -> [EnginePath] {
        let change = { @Sendable (request: Request, id: String) in
            let alias = try await write(request, try changes(request, id: id, of: try await find(id)))
            return Response.data(["canonical_id": .string(alias.canonicalID), "id": .string(alias.id)])
        }
        return [
            EnginePath(PathPattern(root), "Create or change \(noun).", fields: [Self.idField] + fields)
                .updating("Create or change an alias.") { try await change($0, $0.fields.text("id")) },
            EnginePath(PathPattern(root + "/id"), "List \(plural) by id.", fields: Paging.fields)
                .listing("List the ids.") { request in
                    var (keys, info) = ([String](), JSONObject())
                    for id in try await page(folder, request) {
                        guard let alias = try await find(id) else { continue }
                        keys.append(id)
                        info.members.append(.init(key: id, value: .object(summary(alias))))
                    }
                    return try .keys(keys, info: info)
                },
            EnginePath(PathPattern(root + "/id/{id}"), "Manage \(noun).", fields: fields)
                .reading("Read an alias.") { request in
                    guard let alias = try await find(request.captures["id"]) else { throw CofferError.notFound }
                    return .data(shown(alias))
                }
                .updating("Change an alias.") { try await change($0, $0.captures["id"]) }
                .deleting("Delete an alias.") { try await delete($0.captures["id"]) },
        ]
    }

    private func changes(_ request: Request, id: String, of alias: Alias?) throws(CofferError) -> AliasChanges {
        let canonical = request.fields.string("canonical_id") ?? request.fields.text("entity_id")
        return AliasChanges(
            id: id.isEmpty ? nil : id, canonicalID: canonical.isEmpty ? nil : canonical, place: try place(request, of: alias))
    }
}
