import DatabaseClients
import Databases
import EngineKit
import Records
import Syntax

extension DatabaseEngine {
    var rolePaths: [EnginePath] {
        [
            EnginePath("roles", "Roles.", fields: Paging.fields)
                .listing("List roles.") { try .keys(try await roles.names(Paging($0.fields))) },
            EnginePath(
                "roles/{name}", "One role: how users are created.",
                fields: [Self.nameField] + Role.settings.fields,
                exists: { try await roles.find(try name($0)) != nil }
            )
            .reading("Read a role.") { .data(try await roles.existing(try name($0)).shown) }
            .updatingWithoutAnswer("Create or change a role.") { try await writeRole($0) }
            .deleting("Delete a role. Its users stay until their leases end.") { try await roles.delete(try name($0)) },
        ]
    }

    private func writeRole(_ request: Request) async throws {
        let name = try name(request)
        let found = try await roles.find(name)
        guard try await staticRoles.find(name) == nil else {
            throw CofferError.invalid("a static role of this name exists; the two may not share a name")
        }
        var role = found?.value ?? Role()
        try role.update(request.fields)
        // A role may be written before its connection; its statements are then checked when they are first used.
        if let configuration = try await databases.find(role.database)?.value {
            try check(role, drivers.plugin(configuration.plugin))
        }
        try await roles.put(name, role, if: found?.unchanged ?? .absent)
    }

    private func check(_ role: Role, _ plugin: DatabasePlugin) throws(CofferError) {
        let lists = [
            ("creation_statements", role.creation), ("revocation_statements", role.revocation),
            ("renew_statements", role.renewal), ("rollback_statements", role.rollback),
        ]
        for (field, statements) in lists {
            do throws(DatabaseError) { try plugin.checkStatements(statements) } catch { throw .refused(field, error) }
        }
    }
}
