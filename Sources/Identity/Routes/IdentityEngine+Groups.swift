import EngineKit
import Syntax

extension IdentityEngine {
    private static let changeFields = [
        Field("type", .string, "\"internal\" (the default) or \"external\"; it cannot be changed later."), metadataField,
        policiesField,
        Field("member_group_ids", .strings, "The ids of groups whose entities are members."),
        Field("member_entity_ids", .strings, "The ids of entities that are members."),
    ]

    /// The paths `group` and `group/…`.
    var groupPaths: [EnginePath] {
        [
            EnginePath(
                "group", "Create or change a group.", fields: [Self.idField, Self.nameField] + Self.changeFields,
                endpoints: [
                    .update: .init("Create or change a group.") { request in
                        let id = request.fields.text("id")
                        return try await writeGroup(id.isEmpty ? .any : .id(id), request)
                    }
                ]),
            EnginePath(
                "group/id", "List groups by id.", fields: Paging.fields,
                endpoints: [.list: .init("List the ids.", changesNothing: true) { try await listGroups($0, byName: false) }]),
            EnginePath(
                "group/id/{id}", "Manage a group by its id.", fields: [Self.nameField] + Self.changeFields,
                endpoints: [
                    .read: .init("Read a group.", changesNothing: true) { request in
                        try await answer(try await store.group(request.captures["id"]))
                    },
                    .update: .init("Change a group.") { try await writeGroup(.id($0.captures["id"]), $0) },
                    .delete: .init("Delete a group.") { request in
                        let id = request.captures["id"]
                        try await store.deleteGroup { try await $0.group(id) }
                        return .empty
                    },
                ]),
            EnginePath(
                "group/name", "List groups by name.", fields: Paging.fields,
                endpoints: [.list: .init("List the names.", changesNothing: true) { try await listGroups($0, byName: true) }]),
            EnginePath(
                "group/name/{name...}", "Manage a group by its name.", fields: Self.changeFields,
                endpoints: [
                    .read: .init("Read a group.", changesNothing: true) { request in
                        try await answer(try await store.group(named: request.captures["name"]))
                    },
                    .update: .init("Create or change a group.") { try await writeGroup(.name($0.captures["name"]), $0) },
                    .delete: .init("Delete a group.") { request in
                        let name = request.captures["name"]
                        try await store.deleteGroup { try await $0.group(named: name) }
                        return .empty
                    },
                ]),
        ]
    }

    private func writeGroup(_ target: IdentityStore.GroupTarget, _ request: Request) async throws -> Response {
        let changes = GroupChanges(
            name: request.fields.string("name"), isExternal: try Self.isExternal(request.fields.string("type")),
            metadata: try metadata(request), policies: try policies(request),
            memberEntityIDs: request.fields.strings("member_entity_ids"),
            memberGroupIDs: request.fields.strings("member_group_ids"))
        let (group, isNew) = try await store.write(target, changes)
        return isNew ? .data(["id": .string(group.id), "name": .string(group.name)]) : .empty
    }

    private static func isExternal(_ type: String?) throws(CofferError) -> Bool? {
        switch type {
        case nil, "": nil
        case "internal": false
        case "external": true
        default: throw .invalid("field 'type' must be \"internal\" or \"external\"")
        }
    }

    /// Returns the answer to a read of a group.
    func answer(_ group: Group?) async throws -> Response {
        guard let group else { throw CofferError.notFound }
        return .data(shown(group, parents: try await store.parents(of: group.id)))
    }

    private func listGroups(_ request: Request, byName: Bool) async throws -> Response {
        var keys: [String] = []
        var info = JSONObject()
        let page =
            byName
            ? try await page(IdentityKeys.groupNames, request, key: IdentityKeys.folded)
            : try await page(IdentityKeys.groups, request)
        for name in page {
            let id: String? = byName ? try await store.reading { try await $0.text(IdentityKeys.groupNames + name) } : name
            guard let id, let group = try await store.group(id) else { continue }
            keys.append(byName ? group.name : group.id)
            let parents: Int = byName ? 0 : try await store.parents(of: group.id).count
            info.members.append(
                .init(
                    key: group.id,
                    value: [
                        "name": .string(group.name), "num_member_entities": .int(group.memberEntityIDs.count),
                        "num_parent_groups": .int(parents),
                    ]))
        }
        return try .keys(keys, info: byName ? nil : info)
    }
}
