import EngineKit
import Identity
import Records
import Syntax

extension IdentityTokens {
    static let clientIDCharacters = 32

    /// The paths `oidc/role` and `oidc/role/…`.
    var rolePaths: [EnginePath] {
        [
            EnginePath("oidc/role", "The roles of identity tokens.", fields: Paging.fields)
                .listing("List the roles.") { try .keys(try await roles.names(Paging($0.fields))) },
            EnginePath(
                "oidc/role/{name}", "A role, for which entities get tokens.", fields: [Self.nameField] + TokenRole.settings.fields
            )
            .reading("Read a role.") { .data(try await roles.existing(try ObjectName.of($0)).shown) }
            .updating("Create or change a role.", writeRole)
            .deleting("Delete a role.", deleteRole),
        ]
    }

    private func writeRole(_ request: Request) async throws -> Response {
        let name = try ObjectName.of(request)
        let newID = randomText(Self.clientIDCharacters)
        // Made before it is referred to.
        if request.fields.string("key") == NamedKeys.defaultName { _ = try await keys.find(NamedKeys.defaultName) }
        let warnings = try await change { batch in
            let found = try await roles.find(name)
            if found == nil { try await checkRoom(for: "roles", in: roles) }
            var role = found?.value ?? TokenRole()
            try role.update(request.fields)
            if role.clientID.isEmpty { role.clientID = newID }
            let warnings = try await checkKey(role.key, clientID: role.clientID, lifetime: role.ttl, of: "role's token ttl")
            refer(
                Referrer(.role, name), from: Set(found.map { [.key($0.value.key)] } ?? []), to: [.key(role.key)], in: &batch)
            roles.put(name, role, if: found?.unchanged ?? .absent, into: &batch)
            return warnings
        }
        return Response(.none, warnings: warnings)
    }

    private func deleteRole(_ request: Request) async throws {
        let name = try ObjectName.of(request)
        try await change { batch in
            guard let found = try await roles.find(name) else { return }
            refer(Referrer(.role, name), from: [.key(found.value.key)], to: [], in: &batch)
            roles.delete(name, if: found.unchanged, into: &batch)
        }
    }

    /// Returns how long the tokens of a role or client are valid, in seconds, or nil if there is no such role or client.
    func lifetime(ofTokensFor user: Referrer) async throws -> Int? {
        switch user.kind {
        case .role: try await roles.find(user.name)?.value.ttl
        case .client: try await clients.find(user.name)?.value.idTokenTTL
        case .provider: nil
        }
    }
}
