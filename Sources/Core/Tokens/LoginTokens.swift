import EngineKit
import Identity
import Lifetimes

/// Creates the tokens that auth methods grant.
struct LoginTokens {
    let tokens: TokenStore
    let identity: IdentityStore
    let settings: CoreSettings
    let time: any TimeSource

    /// What the token of a login is like, before it is made.
    struct Draft {
        var policies: [String]
        var lifetime: TokenLifetime
        var entity: ResolvedEntity?
        /// Completes an entry that has the names and the policies.
        var configure: (inout TokenEntry) -> Void
    }

    /// Applies the rules of logins to a grant, and finds or creates the entity of its alias.
    func draft(_ grant: AuthGrant, mount mounted: Mount) async throws -> Draft {
        let mount = mounted.entry
        var policies = try PolicyNames.normalized(grant.policies)
        // A login never gives root.
        guard !policies.contains("root") else { throw CofferError.invalid("auth methods cannot create root tokens") }
        if !grant.withoutDefaultPolicy, !policies.contains("default") { policies = (policies + ["default"]).sorted() }
        let (defaultTTL, maxTTL) = mount.tuning.limits(settings)
        let lifetime = TokenLifetime.initial(grant.terms, defaultTTL: defaultTTL, maxTTL: maxTTL)
        let entity = try await entity(of: grant, mounted)
        let now = time.now()
        return Draft(policies: policies, lifetime: lifetime, entity: entity) { entry in
            entry.metadata = grant.metadata
            entry.entityID = entity?.id ?? ""
            entry.explicitMaxTTL = grant.terms.explicitMaxTTL
            entry.maxTTL = grant.terms.maxTTL > 0 ? min(grant.terms.maxTTL, maxTTL) : maxTTL
            entry.period = grant.terms.period
            entry.usesLeft = grant.terms.uses
            entry.boundCIDRs = grant.terms.boundCIDRs
            entry.isRenewable = grant.terms.isRenewable
            entry.creationTTL = lifetime.ttl
            entry.expiresAt = now.adding(seconds: lifetime.ttl)
        }
    }

    /// Creates the token of a login.
    ///
    /// - Parameters:
    ///   - mounted: The mount of the auth method.
    ///   - path: The path of the login, which names the token's lease.
    /// - Returns: The token, and warnings about terms that were reduced.
    func issue(
        _ grant: AuthGrant, mount mounted: Mount, path: String
    ) async throws -> (auth: IssuedAuth, warnings: [String]) {
        let mount = mounted.entry
        let draft = try await draft(grant, mount: mounted)
        let (policies, configure) = (draft.policies, draft.configure)
        let made: (token: String, entry: TokenEntry)?
        switch grant.terms.type.resolved(onMount: TokenTypeChoice(rawValue: mount.tuning.tokenType) ?? .default) {
        case .service:
            made = try await tokens.create(
                parent: nil, displayName: grant.displayName, policies: policies, path: path
            ) { entry in
                configure(&entry)
                entry.mountID = mount.uuid
                entry.loginFacts = grant.facts
            }
        case .batch:
            guard grant.terms.period == 0, grant.terms.uses == 0 else {
                throw CofferError.invalid("batch tokens cannot have a period or a bound on uses")
            }
            made = tokens.makeBatch(
                parentID: "", displayName: grant.displayName, policies: policies, path: path, configure: configure)
            guard made != nil else {
                throw CofferError(
                    .tooLarge,
                    "the metadata and policies of the batch token are too large for a token; grant fewer, or use a service token")
            }
        }
        guard let made else { throw CofferError(.conflict, "the token could not be created because of a concurrent change; retry") }
        return (made.entry.issued(token: made.token, seconds: draft.lifetime.ttl, entity: draft.entity), draft.lifetime.warnings)
    }

    /// Returns the entity of the login's alias, which the first login creates; nil if the grant has no alias. Throws `.denied` if
    /// the entity is disabled.
    private func entity(of grant: AuthGrant, _ mount: Mount) async throws -> ResolvedEntity? {
        guard !grant.aliasName.isEmpty, !mount.entry.isBuiltIn else { return nil }
        let entity = try await identity.logIn(
            LoginAlias(
                mountAccessor: mount.entry.accessor, name: mount.identity.aliasName(grant.aliasName),
                metadata: grant.aliasMetadata, groups: grant.groupAliases))
        guard !entity.isDisabled else { throw CofferError.denied }
        return entity
    }
}
