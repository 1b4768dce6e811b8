package import EngineKit
import JOSE
import Records
import Syntax

extension JWTMethod {
    var login: EnginePath {
        EnginePath(
            "login", "Log in with a signed token.", fields: [Self.roleField, Field("jwt", .string, "The token.")],
            access: .unauthenticated, isLogin: true
        )
        .updating("Log in.") { try await logIn($0) }
    }

    private func logIn(_ request: Request) async throws -> Response {
        guard let found = try await foundConfiguration() else { throw CofferError.invalid("could not load configuration") }
        let role = try await role(named: request.fields.string("role"), found.value)
        guard role.kind == .jwt else { throw CofferError.invalid("role with oidc role_type is not allowed") }
        guard let text = request.fields.string("jwt"), !text.isEmpty else { throw CofferError.invalid("missing token") }
        guard role.tokens.bounds.allows(request.connection.remoteAddress) else { throw CofferError.denied }
        let claims = try await verifiedClaims(text, found, role: role)
        let identity = try role.identity(of: claims)
        try role.checkBoundClaims(claims)
        return Response(.none, auth: .grant(try grant(role, identity, displayName: request.displayName(identity.user))))
    }

    /// Returns the claims of a token whose signature, issuer, subject, audience and times are right.
    private func verifiedClaims(
        _ text: String, _ found: RecordTable<JWTConfiguration>.Found, role: JWTRole
    ) async throws -> TokenClaims {
        let token: SignedToken
        let claims: TokenClaims
        do throws(JOSEError) {
            token = try SignedToken(text)
            claims = try TokenClaims(payload: token.payload)
        } catch {
            throw Self.invalidToken(error.rawValue)
        }
        guard found.value.allows(token.algorithm) else {
            throw Self.invalidToken("token signed with unexpected algorithm")
        }
        let keys = try keyStore.keys(of: found)
        switch await keys.verify(token) {
        case .verified: break
        case .refused:
            throw Self.invalidToken("error verifying token signature: no known key successfully validated the token signature")
        case .unavailable: throw JWTKeys.unavailable
        }
        if let issuer = try await keys.issuer(for: found.value), !claims.has(issuer, as: "iss") {
            throw Self.invalidToken("invalid issuer (iss) claim")
        }
        if !role.boundSubject.isEmpty, !claims.has(role.boundSubject, as: "sub") {
            throw Self.invalidToken("invalid subject (sub) claim")
        }
        try Self.checkAudience(claims, role)
        do throws(ClaimTimeRefusal) {
            try claims.checkTimes(at: context.time.now(), role.leeways)
        } catch {
            throw Self.invalidToken(error.rawValue)
        }
        return claims
    }

    /// A token that names an audience is for that audience alone, so a role without audiences takes none of them, whether the claim
    /// is a text, a list or empty.
    private static func checkAudience(_ claims: TokenClaims, _ role: JWTRole) throws(CofferError) {
        let audiences: [String]?
        do { audiences = try claims.audiences() } catch { throw invalidToken("invalid audience (aud) claim") }
        guard !role.boundAudiences.isEmpty else {
            guard audiences?.isEmpty ?? true else {
                throw .invalid("audience claim found in JWT but no audiences bound to the role")
            }
            return
        }
        guard let audiences, role.boundAudiences.contains(where: { bound in audiences.contains { $0.equalsUTF8(bound) } }) else {
            throw invalidToken("invalid audience (aud) claim: audience claim does not match any expected audience")
        }
    }

    private static func invalidToken(_ reason: String) -> CofferError { .invalid("error validating token: \(reason)") }

    // MARK: Grants

    /// The names of the facts that a grant keeps for its renewal.
    private enum Fact {
        static let role = "role"
        static let uid = "uid"
        static let user = "user"
        /// The groups of the login, as the JSON text of a list.
        static let groups = "groups"
        /// What the role asked for, as ``JWTRole/admission``.
        static let admission = "admission"
    }

    /// Returns what the role grants to whoever logged in.
    func grant(_ role: JWTRole, _ identity: JWTIdentity, displayName: String) throws(CofferError) -> AuthGrant {
        var grant = role.tokens.grant(displayName: displayName, metadata: identity.metadata, aliasName: identity.user)
        grant.aliasMetadata = identity.metadata
        grant.groupAliases = identity.groups
        grant.facts = [
            Fact.role: role.name, Fact.uid: role.uid, Fact.user: identity.user, Fact.admission: role.admission,
        ]
        if !identity.groups.isEmpty {
            grant.facts[Fact.groups] = String(decoding: JSON.strings(identity.groups).encoded(), as: UTF8.self)
        }
        return grant
    }

    /// Returns what the role of an earlier login grants today. The token of the login is gone, so what it said is not judged again;
    /// but what the role asks for must still be what it was.
    ///
    /// - Throws: A refusal if the role is gone, if a later role of the same name has taken its place, or if it now asks for
    ///   something else.
    package func renewal(of login: HeldLogin) async throws -> AuthGrant {
        let name = login.facts[Fact.role] ?? ""
        guard let account = AccountName(name), let user = login.facts[Fact.user],
            let role = try await roles.find(account.text)?.value, login.facts[Fact.uid] == role.uid
        else { throw CofferError.invalid("role \(name) does not exist during renewal") }
        guard login.facts[Fact.admission] == role.admission else {
            throw CofferError.invalid("the bounds of role \(name) have changed, not renewing; log in again")
        }
        let groups = login.facts[Fact.groups].flatMap { try? JSON(parsing: $0).arrayValue?.compactMap(\.stringValue) } ?? []
        return try grant(role, JWTIdentity(user: user, metadata: login.metadata, groups: groups), displayName: "")
    }
}
