import EngineKit
import Records
import Syntax

extension AppRoleMethod {
    var rolePaths: [EnginePath] {
        [
            EnginePath(
                "role", "The roles.", fields: Paging.fields,
                endpoints: [.list: .init("List roles.") { try .keys(try await roles.names(Paging($0.fields))) }]),
            EnginePath(
                "role/{role_name}", "One role of the method.", fields: [Self.roleField] + AppRole.settings.fields,
                exists: { try await role($0) != nil },
                endpoints: [
                    .read: .init("Read a role.") { request in
                        guard let role = try await role(request) else { throw CofferError.notFound }
                        return .data(role.shown)
                    },
                    .update: .init("Create or change a role.", writeRole),
                    .delete: .init("Delete a role with its secret ids.", deleteRole),
                ]),
        ]
    }

    var roleID: EnginePath {
        EnginePath(
            "role/{role_name}/role-id", "The id by which logins name the role.",
            fields: [Self.roleField] + AppRole.settings.fields("role_id"),
            endpoints: [
                .read: .init("Read the role id.") { request in
                    guard let role = try await role(request) else { throw CofferError.notFound }
                    return .data(["role_id": .string(role.roleID)])
                },
                .update: .init("Set the role id.", writeRoleID),
            ])
    }

    private func writeRole(_ request: Request) async throws -> Response {
        let name = try roleName(request)
        var warnings: [String] = []
        try await roles.edit(name) { role, batch in
            let old = role
            var new = old ?? AppRole(name: name, uid: Hex.encode(randomness.bytes(16)), roleID: randomness.uuid())
            try new.update(request.fields)
            guard old == nil || old?.hasLocalSecretIDs == new.hasLocalSecretIDs else {
                throw CofferError.invalid("local_secret_ids can only be modified during role creation")
            }
            try await index(new, replacing: old, in: &batch)
            warnings = new.tokens.warnings(mountMax: maxTTL)
            role = new
        }
        return Response(.none, warnings: warnings)
    }

    private func writeRoleID(_ request: Request) async throws -> Response {
        let name = try roleName(request)
        guard let roleID = request.fields.string("role_id"), !roleID.isEmpty else { throw CofferError.invalid("missing role_id") }
        try AppRole.checkRoleID(roleID, field: "role_id")
        try await roles.edit(name) { role, batch in
            guard let old = role else { throw Self.unknownRole(name) }
            role?.roleID = roleID
            try await index(role ?? old, replacing: old, in: &batch)
        }
        return .empty
    }

    /// Adds the index entry of a changed role id to the batch. The batch fails if another role took the id in the meantime,
    /// so two roles never share one.
    private func index(_ new: AppRole, replacing old: AppRole?, in batch: inout Batch) async throws {
        guard new.roleID != old?.roleID else { return }
        let entry = AppRoleKeys.roleIDs + (try await key.hash("role-id/v1", new.roleID))
        guard try await storage.get(entry) == nil else { throw CofferError.invalid("role_id already in use") }
        batch.put(entry, Array(new.name.utf8), if: .absent)
        if let old { batch.delete(AppRoleKeys.roleIDs + (try await key.hash("role-id/v1", old.roleID))) }
    }

    /// Deletes the role and its id in one batch, which ends all logins with it, and then its secret ids. After a crash, the
    /// secret ids are deleted when the request is repeated or at the next tidy.
    private func deleteRole(_ request: Request) async throws -> Response {
        guard let name = AccountName(request.captures["role_name"]) else { return .empty }
        try await roles.edit(name.text) { role, batch in
            guard let old = role else { return }
            batch.delete(AppRoleKeys.roleIDs + (try await key.hash("role-id/v1", old.roleID)))
            batch.put(AppRoleKeys.leavings + old.uid, [])
            role = nil
        }
        try await secretIDs.finishRemovals()
        return .empty
    }
}
