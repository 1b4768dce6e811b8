import EngineKit
import Records

extension TokenEngine {
    private static let prefix = "role/"

    /// The paths below `auth/token/roles`.
    var rolePaths: [EnginePath] {
        [
            EnginePath(
                "roles", "Lists the token roles.", fields: Paging.fields,
                endpoints: [.list: .init("List roles.", changesNothing: true) { try await listRoles($0) }]),
            EnginePath(
                "roles/{role_name}", "Reads, writes and deletes a token role.",
                fields: [Field("role_name", .string, "Name of the role.")] + TokenRole.settings.fields,
                exists: { try await role($0.captures["role_name"]) != nil },
                endpoints: [
                    .read: .init("Read a role.", changesNothing: true) { request in
                        guard let role = try await role(request.captures["role_name"]) else { throw CofferError.notFound }
                        return .data(role.shown)
                    },
                    .update: .init("Create or change a role.") { try await writeRole($0) },
                    .delete: .init("Delete a role.") { request in
                        var batch = Batch()
                        batch.delete(Self.prefix + request.captures["role_name"])
                        try await storage.commit(batch)
                        return .empty
                    },
                ]),
        ]
    }

    /// Returns the role with this name, or nil if there is none.
    func role(_ name: String) async throws(StorageError) -> TokenRole? {
        guard let record = try await storage.get(Self.prefix + name) else { return nil }
        guard let role = TokenRole(decoding: record.value) else { throw .corrupted(key: Self.prefix + name) }
        return role
    }

    private func listRoles(_ request: Request) async throws -> Response {
        try .keys(try await storage.list(Listing(prefix: Self.prefix, Paging(request.fields))))
    }

    private func writeRole(_ request: Request) async throws -> Response {
        let name = request.captures["role_name"]
        let key = Self.prefix + name
        return try await storage.transact { batch in
            let record = try await storage.get(key)
            var role = try await role(name) ?? TokenRole(name: name)
            try role.update(request.fields)
            batch.put(key, role.encoded(), if: .init(unchanged: record))
            return .empty
        }
    }
}
