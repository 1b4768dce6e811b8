import EngineKit
import Records
import Syntax

extension AppRoleMethod {
    var rolePaths: [EnginePath] {
        [
            named.list("The roles.", "List roles."),
            named.record("One role of the method.", fields: AppRole.settings.fields)
                .reading("Read a role.") { .data(try await named.existing($0).shown) }
                .updating("Create or change a role.") { try await writeRole($0) }
                .deleting("Delete a role with its secret ids.") { try await deleteRole($0) },
        ]
    }

    var roleID: EnginePath {
        named.part("role-id", "The id by which logins name the role.", fields: AppRole.settings.fields("role_id"))
            .reading("Read the role id.") { .data(["role_id": .string(try await named.existing($0).roleID)]) }
            .updatingWithoutAnswer("Set the role id.") { try await writeRoleID($0) }
    }

    private func writeRole(_ request: Request) async throws -> Response {
        let name = try await named.name(of: request)
        var warnings: [String] = []
        try await roles.edit(name) { role, batch in
            let old = role
            var new = old ?? AppRole(name: name, uid: Hex.encode(context.randomness.bytes(16)), roleID: context.randomness.uuid())
            try new.update(request.fields)
            guard old == nil || old?.hasLocalSecretIDs == new.hasLocalSecretIDs else {
                throw CofferError.invalid("local_secret_ids can only be modified during role creation")
            }
            try await index(new, replacing: old, in: &batch)
            warnings = new.tokens.warnings(mountMax: context.maxTTL)
            role = new
        }
        return Response(.none, warnings: warnings)
    }

    private func writeRoleID(_ request: Request) async throws {
        let name = try await named.name(of: request)
        guard let roleID = request.fields.string("role_id"), !roleID.isEmpty else { throw CofferError.invalid("missing role_id") }
        try AppRole.checkRoleID(roleID, field: "role_id")
        try await roles.edit(name) { role, batch in
            guard let old = role else { throw Self.unknownRole(name) }
            role?.roleID = roleID
            try await index(role ?? old, replacing: old, in: &batch)
        }
    }

    /// Adds the index entry of a changed role id to the batch. The batch fails if another role took the id in the meantime,
    /// so two roles never share one.
    private func index(_ new: AppRole, replacing old: AppRole?, in batch: inout Batch) async throws {
        guard new.roleID != old?.roleID else { return }
        let entry = AppRoleKeys.roleIDs + (try await key.hash("role-id/v1", new.roleID))
        guard try await context.storage.get(entry) == nil else { throw CofferError.invalid("role_id already in use") }
        batch.put(entry, Array(new.name.utf8), if: .absent)
        if let old { batch.delete(AppRoleKeys.roleIDs + (try await key.hash("role-id/v1", old.roleID))) }
    }

    /// Deletes the role and its id in one batch, which ends all logins with it, and then its secret ids. After a crash, the
    /// secret ids are deleted when the request is repeated or at the next tidy.
    private func deleteRole(_ request: Request) async throws {
        guard let name = AccountName(request.captures["role_name"]) else { return }
        try await roles.edit(name.text) { role, batch in
            guard let old = role else { return }
            batch.delete(AppRoleKeys.roleIDs + (try await key.hash("role-id/v1", old.roleID)))
            batch.put(AppRoleKeys.leavings + old.uid, [])
            role = nil
        }
        try await secretIDs.finishRemovals()
    }
}
