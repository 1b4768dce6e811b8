import EngineKit

extension AppRoleRoutes {
    var login: EnginePath {
        EnginePath(
            "login", "Log in with a role id and a secret id.",
            fields: [Field("role_id", .string, "Id of the role."), Field("secret_id", .string, "A secret id of the role.")],
            access: .unauthenticated, endpoints: [.update: .init("Log in.", logIn)])
    }

    /// Every reason is the same text after the same look-ups, so that nobody learns which roles there are.
    private static let refusal = CofferError.invalid("invalid role or secret ID")
    private static let inputBytesMax = 4_096

    private func logIn(_ request: Request) async throws -> Response {
        let roleID = request.fields.string("role_id") ?? ""
        let secretID = request.fields.string("secret_id") ?? ""
        guard !roleID.isEmpty else { throw CofferError.invalid("missing role_id") }
        guard roleID.utf8.count + secretID.utf8.count <= Self.inputBytesMax else { throw Self.refusal }
        // No role has a longer id, so a longer one fails without being counted.
        let counts = roleID.utf8.count <= AppRole.roleIDBytesMax
        let failures = counts ? try await lockouts.failures(roleID) : 0
        guard failures < lockouts.rules.threshold else { throw CofferError.denied }
        let role = try await role(id: roleID)
        let address = request.connection.remoteAddress
        let allowed = role.map { $0.tokens.bounds.allows(address) && $0.secretIDBounds.allows(address) } ?? false
        let needsSecret = role?.bindsSecretID ?? true
        var secret: SecretID?
        if needsSecret {
            secret = try await secretIDs.spend(secretID, roleUID: role?.uid ?? Self.noRole) { secret in
                allowed && secret.bounds.allows(address) && secret.tokenBounds.allows(address)
            }
        }
        guard let role, allowed, secret != nil || !needsSecret else {
            // A wrong address is no guess. Of a role that is not there nobody can be outside.
            if counts, role == nil || allowed { try await lockouts.fail(roleID, isAccount: role != nil) }
            throw Self.refusal
        }
        if failures > 0 { try await lockouts.forget(roleID) }
        guard let bounds = role.tokens.bounds.intersection(secret?.tokenBounds ?? AddressBounds()) else { throw Self.refusal }
        return Response(.none, auth: .grant(grant(request, role, secret, bounds: bounds)))
    }

    private func grant(_ request: Request, _ role: AppRole, _ secret: SecretID?, bounds: AddressBounds) -> AuthGrant {
        var terms = role.tokens.terms
        terms.boundCIDRs = bounds.texts
        var metadata = secret?.metadata ?? [:]
        metadata["role_name"] = role.name
        var grant = AuthGrant(
            displayName: request.displayName(), policies: role.tokens.policies, metadata: metadata, aliasName: role.roleID,
            terms: terms, withoutDefaultPolicy: role.tokens.withoutDefaultPolicy)
        grant.aliasMetadata = ["role_name": role.name]
        return grant
    }

    /// Stands for a role that is not there; no role can have this name or uid.
    private static let noRole = "-"

    /// Two look-ups, whether there is such a role or not.
    func role(id: String) async throws -> AppRole? {
        let record = try await storage.get(AppRoleKeys.roleIDs + (try await key.hash("role-id/v1", id)))
        let name = record.map { String(decoding: $0.value, as: UTF8.self) } ?? ""
        guard let role = try await roles.find(name.isEmpty ? Self.noRole : name)?.account, !name.isEmpty, role.roleID == id else {
            return nil
        }
        return role
    }
}
