import DatabaseClients
import Databases
import EngineKit
import Records
import Syntax

extension DatabaseEngine {
    static let credentialFields = [
        Field("credential_type", .string, default: "password", "Only password."),
        Field("credential_config", .stringMap, "password_policy: goes before the connection's."),
    ]

    var rolePaths: [EnginePath] {
        [
            EnginePath(
                "roles", "Roles.", fields: Paging.fields,
                endpoints: [
                    .list: .init("List roles.", changesNothing: true) { try .keys(try await roles.names(Paging($0.fields))) }
                ]),
            EnginePath(
                "roles/{name}", "One role: how users are made.",
                fields: [
                    Self.nameField, Field("db_name", .string, "The connection."),
                    Field("creation_statements", .any, "A string or a list; {{name}}, {{password}} and {{expiration}} are put in."),
                    Field("revocation_statements", .any, "Instead of the plugin's own."),
                    Field("renew_statements", .any, "Instead of the plugin's own."),
                    Field("rollback_statements", .any, "Run after a failed creation."),
                    Field("default_ttl", .duration, "Of a lease; 0 for the mount's."), Field("max_ttl", .duration, "Of a lease."),
                ] + Self.credentialFields,
                exists: { try await roles.find(try name($0)) != nil },
                endpoints: [
                    .read: .init("Read a role.", changesNothing: true) { request in
                        guard let role = try await roles.find(try name(request))?.value else { throw CofferError.notFound }
                        return .data(role.shown)
                    },
                    .update: .init("Make or change a role.") { try await writeRole($0) },
                    .delete: .init("Delete a role. Its users stay until their leases end.") { request in
                        var batch = Batch()
                        roles.delete(try name(request), into: &batch)
                        try await storage.commit(batch)
                        return .empty
                    },
                ]),
        ]
    }

    private func writeRole(_ request: Request) async throws -> Response {
        let name = try name(request)
        let found = try await roles.find(name)
        guard let database = request.fields.string("db_name") ?? found?.value.database, !database.isEmpty else {
            throw CofferError.invalid("database name is required")
        }
        guard try await staticRoles.find(name) == nil else {
            throw CofferError.invalid("a static role of this name exists; the two may not share a name")
        }
        var role = found?.value ?? Role(database: database)
        role.database = database
        role.creation = try statements("creation_statements", request) ?? role.creation
        role.revocation = try statements("revocation_statements", request) ?? role.revocation
        role.renewal = try statements("renew_statements", request) ?? role.renewal
        role.rollback = try statements("rollback_statements", request) ?? role.rollback
        role.defaultTTL = request.fields.duration("default_ttl") ?? role.defaultTTL
        role.maxTTL = request.fields.duration("max_ttl") ?? role.maxTTL
        guard role.maxTTL == 0 || role.defaultTTL <= role.maxTTL else {
            throw CofferError.invalid("default_ttl may not be greater than max_ttl")
        }
        role.passwordPolicy = try passwordPolicy(request) ?? role.passwordPolicy
        guard !role.creation.isEmpty else { throw CofferError.invalid("the role has no creation_statements") }
        // A role may be written before its database; then its statements are read when they are first used.
        if let configuration = try await databases.find(database)?.value {
            try check(role, drivers.plugin(configuration.plugin))
        }
        var batch = Batch()
        roles.put(name, role, if: found?.unchanged ?? .absent, into: &batch)
        try await storage.commit(batch)
        return .empty
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

    /// From `credential_config`. nil when it was not sent.
    func passwordPolicy(_ request: Request) throws(CofferError) -> String? {
        guard request.fields.string("credential_type", or: "password") == "password" else {
            throw .invalid("credential_type must be password")
        }
        guard let settings = request.fields.stringMap("credential_config") else { return nil }
        guard settings.keys.allSatisfy({ $0 == "password_policy" }) else {
            throw .invalid("credential_config may have password_policy only")
        }
        return settings["password_policy"] ?? ""
    }
}
