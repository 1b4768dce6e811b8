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
        paths(
            MemberHandlers(
                noun: "a group", plural: "groups", fields: Self.changeFields, write: writeGroup, answer: answer,
                delete: store.deleteGroup, summary: summary))
    }

    private func writeGroup(_ target: IdentityTarget, _ request: Request) async throws -> Response {
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

    private func summary(_ group: Group) async throws -> JSONObject {
        [
            "name": .string(group.name), "num_member_entities": .int(group.memberEntityIDs.count),
            "num_parent_groups": .int(try await store.parents(of: group.id).count),
        ]
    }
}
