import EngineKit
import Records

extension TokenEngine {
    /// The paths below `auth/token/roles`.
    var rolePaths: [EnginePath] {
        [
            EnginePath("roles", "Lists the token roles.", fields: Paging.fields)
                .listing("List roles.") { try .keys(try await roles.names(Paging($0.fields))) },
            EnginePath(
                "roles/{role_name}", "Reads, writes and deletes a token role.",
                fields: [Field("role_name", .string, "Name of the role.")] + TokenRole.settings.fields,
                exists: { try await roles.find($0.captures["role_name"]) != nil }
            )
            .reading("Read a role.") { .data(try await roles.existing($0.captures["role_name"]).shown) }
            .updatingWithoutAnswer("Create or change a role.") { request in
                let name = request.captures["role_name"]
                try await roles.update(name, request.fields, new: { TokenRole(name: name) })
            }
            .deleting("Delete a role.") { try await roles.delete($0.captures["role_name"]) },
        ]
    }
}
