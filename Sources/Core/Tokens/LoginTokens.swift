import EngineKit
import Identity
import Lifetimes

/// Makes the token that an auth method granted.
struct LoginTokens {
    let tokens: TokenStore
    let identity: IdentityStore
    let settings: CoreSettings
    let time: any TimeSource

    func issue(
        _ grant: AuthGrant, mount mounted: Mount, path: String
    ) async throws -> (auth: IssuedAuth, warnings: [String]) {
        let mount = mounted.entry
        var policies = try PolicyNames.normalised(grant.policies)
        // No login gives root: that power has no account.
        guard !policies.contains("root") else { throw CofferError.invalid("auth methods cannot create root tokens") }
        if !grant.withoutDefaultPolicy, !policies.contains("default") { policies = (policies + ["default"]).sorted() }
        let maxTTL = mount.tuning.maxTTL > 0 ? mount.tuning.maxTTL : settings.maxTTL
        let lifetime = TokenLifetime.initial(
            grant.terms, defaultTTL: mount.tuning.defaultTTL > 0 ? mount.tuning.defaultTTL : settings.defaultTTL, maxTTL: maxTTL)
        let entity = try await entity(of: grant, mounted)
        let now = time.now()
        let configure: (inout TokenEntry) -> Void = { entry in
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
            guard made != nil else { throw CofferError(.tooLarge, "what the batch token holds is too large for a token") }
        }
        guard let made else { throw CofferError(.conflict, "the token could not be made; retry") }
        return (made.entry.issued(token: made.token, seconds: lifetime.ttl, entity: entity), lifetime.warnings)
    }

    /// Whoever logs in has an entity, made at the first login. A disabled one gets no token.
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
