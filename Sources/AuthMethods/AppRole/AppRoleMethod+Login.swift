package import EngineKit
import LoginGuards
import Records
import Syntax

extension AppRoleMethod {
    var login: EnginePath {
        EnginePath(
            "login", "Log in with a role id and a secret id.",
            fields: [Field("role_id", .string, "Id of the role."), Field("secret_id", .string, "A secret id of the role.")],
            access: .unauthenticated, isLogin: true
        )
        .updating("Log in.") { try await logIn($0) }
    }

    /// The answer to every login that fails. All failures have this text after the same look-ups, so a caller cannot tell
    /// which roles exist.
    private static let refusal = CofferError.invalid("invalid role or secret ID")
    private static let inputBytesMax = 4_096

    private func logIn(_ request: Request) async throws -> Response {
        let roleID = request.fields.text("role_id")
        let secretID = request.fields.text("secret_id")
        guard !roleID.isEmpty else { throw CofferError.invalid("missing role_id") }
        guard roleID.utf8.count + secretID.utf8.count <= Self.inputBytesMax else { throw Self.refusal }
        // No role has a longer id, so a login with one fails without being counted.
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
            // A login from a wrong address is not counted as a guess. A role that does not exist has no addresses, so every
            // login counts.
            if counts, role == nil || allowed { try await lockouts.fail(roleID, isAccount: role != nil) }
            throw Self.refusal
        }
        if failures > 0 { try await lockouts.forget(roleID) }
        guard let bounds = role.tokens.bounds.intersection(secret?.tokenBounds ?? AddressBounds()) else { throw Self.refusal }
        return Response(.none, auth: .grant(grant(request, role, secret: secret, bounds: bounds)))
    }

    private func grant(_ request: Request, _ role: AppRole, secret: SecretID?, bounds: AddressBounds) -> AuthGrant {
        var metadata = secret?.metadata ?? [:]
        metadata["role_name"] = role.name
        var grant = grant(role, displayName: request.displayName(), metadata: metadata, bounds: bounds)
        grant.facts = [Fact.role: role.name, Fact.uid: role.uid]
        if let secret, !secret.tokenBounds.isEmpty { grant.facts[Fact.bounds] = secret.tokenBounds.texts.joined(separator: ",") }
        return grant
    }

    private func grant(
        _ role: AppRole, displayName: String, metadata: [String: String], bounds: AddressBounds
    ) -> AuthGrant {
        var terms = role.tokens.terms
        terms.boundCIDRs = bounds.texts
        var grant = AuthGrant(
            displayName: displayName, policies: role.tokens.policies, metadata: metadata, aliasName: role.roleID,
            terms: terms, withoutDefaultPolicy: role.tokens.withoutDefaultPolicy)
        grant.aliasMetadata = ["role_name": role.name]
        return grant
    }

    /// The names of the facts that a grant keeps for its renewal.
    private enum Fact {
        static let role = "role"
        static let uid = "uid"
        /// The address ranges of the secret id for its tokens, joined by commas.
        static let bounds = "token_bound_cidrs"
    }

    /// Returns what the role of an earlier login grants today.
    ///
    /// - Throws: A refusal if the role was deleted, or if a later role has the same name.
    package func renewal(of login: HeldLogin) async throws -> AuthGrant {
        let name = login.facts[Fact.role] ?? login.metadata["role_name"] ?? ""
        guard let role = try await roles.find(name.isEmpty ? Self.noRole : name)?.value,
            login.facts[Fact.uid].map({ $0 == role.uid }) != false
        else { throw CofferError.invalid("role \"\(name)\" does not exist during renewal") }
        let ranges = login.facts[Fact.bounds].map { $0.splitUTF8(at: ",").map(String.init) } ?? []
        guard let own = AddressBounds(stored: ranges), let bounds = role.tokens.bounds.intersection(own) else {
            throw CofferError.invalid(
                "the token cannot be renewed: the role's token_bound_cidrs allow none of the addresses of the secret id")
        }
        return grant(role, displayName: "", metadata: login.metadata, bounds: bounds)
    }

    /// A name and uid that no role can have. It is looked up if a role does not exist, so that the amount of work is the
    /// same.
    private static let noRole = "-"

    /// Returns the role with this role id, or nil if none exists. Makes two look-ups in either case.
    func role(id: String) async throws -> AppRole? {
        let record = try await context.storage.get(AppRoleKeys.roleIDs + (try await key.hash("role-id/v1", id)))
        let name = record.map { String(decoding: $0.value, as: UTF8.self) } ?? ""
        guard let role = try await roles.find(name.isEmpty ? Self.noRole : name)?.value, !name.isEmpty, role.roleID == id else {
            return nil
        }
        return role
    }
}
