import EngineKit
import Identity
import Lifetimes

/// Asks whoever vouched for a token whether it may have more time, and how much: the auth method of its login, or its role.
///
/// What was true at the login is no reason to go on: users and roles are deleted, policies and lifetimes change.
struct TokenRenewal: Sendable {
    let identity: IdentityStore
    let settings: CoreSettings
    /// Seconds; of tokens that other tokens made.
    let ownMaxTTL: Int
    /// The mount of a login by its id or, for tokens that do not know it, by the path that they were made at.
    let mount: @Sendable (_ id: String, _ path: String) -> Mount?
    let role: @Sendable (_ name: String) async throws -> TokenRole?

    static let changedPolicies = CofferError.invalid("policies have changed, not renewing")

    /// Throws when the token is to have no more time than it has.
    func terms(of entry: TokenEntry, on connection: Connection) async throws -> RenewalTerms {
        try await checkEntity(entry)
        if entry.path.utf8.starts(with: "auth/token/".utf8) { return try await ownTerms(entry) }
        guard let mount = mount(entry.mountID, entry.path), let method = mount.auth else {
            throw CofferError.invalid("the auth method that gave the token is gone, not renewing")
        }
        let grant = try await method.renewal(
            of: HeldLogin(
                metadata: entry.metadata, facts: entry.loginFacts, certificateChain: connection.certificateChain))
        try checkPolicies(grant.policies, entry)
        try await refreshGroups(of: entry, from: grant, on: mount)
        let limits = limits(mount.entry)
        return RenewalTerms(
            ttl: grant.terms.ttl > 0 ? grant.terms.ttl : limits.defaultTTL,
            maxTTL: grant.terms.maxTTL > 0 ? min(grant.terms.maxTTL, limits.maxTTL) : limits.maxTTL,
            explicitMaxTTL: Self.lower(entry.explicitMaxTTL, grant.terms.explicitMaxTTL), period: grant.terms.period,
            boundCIDRs: grant.terms.boundCIDRs)
    }

    /// Of a token that was made by another one, with a role or without. Where a role says nothing about addresses, those that
    /// the token has from its parent stay.
    private func ownTerms(_ entry: TokenEntry) async throws -> RenewalTerms {
        var terms = RenewalTerms(
            ttl: entry.creationTTL, maxTTL: ownMaxTTL, explicitMaxTTL: entry.explicitMaxTTL, period: entry.period,
            boundCIDRs: entry.boundCIDRs)
        guard !entry.role.isEmpty else { return terms }
        guard let role = try await role(entry.role) else {
            throw CofferError.invalid("original token role \"\(entry.role)\" could not be found, not renewing")
        }
        guard role.isRenewable else { throw CofferError.invalid("lease is not renewable") }
        guard role.mayKeep(entry.policies) else { throw Self.changedPolicies }
        terms.explicitMaxTTL = Self.lower(entry.explicitMaxTTL, role.explicitMaxTTL)
        terms.period = role.period
        if !role.boundCIDRs.isEmpty { terms.boundCIDRs = role.boundCIDRs }
        return terms
    }

    private func limits(_ mount: MountEntry) -> (defaultTTL: Int, maxTTL: Int) {
        (
            mount.tuning.defaultTTL > 0 ? mount.tuning.defaultTTL : settings.defaultTTL,
            mount.tuning.maxTTL > 0 ? mount.tuning.maxTTL : settings.maxTTL
        )
    }

    /// The lower of two bounds, of which 0 is none.
    private static func lower(_ one: Int, _ other: Int) -> Int {
        if one == 0 || other == 0 { return max(one, other) }
        return min(one, other)
    }

    /// Whether a login today would give the same. Whether `default` is among them is no right of the account's.
    private func checkPolicies(_ granted: [String], _ entry: TokenEntry) throws(CofferError) {
        let today = Set(try PolicyNames.normalised(granted)).subtracting(["default"])
        guard today == Set(entry.policies).subtracting(["default"]) else { throw Self.changedPolicies }
    }

    private func checkEntity(_ entry: TokenEntry) async throws {
        guard !entry.entityID.isEmpty else { return }
        guard let entity = try await identity.resolve(entry.entityID), !entity.isDisabled else { throw CofferError.denied }
    }

    private func refreshGroups(of entry: TokenEntry, from grant: AuthGrant, on mount: Mount) async throws {
        guard !entry.entityID.isEmpty, !grant.aliasName.isEmpty else { return }
        try await identity.refreshGroups(
            of: entry.entityID,
            LoginAlias(
                mountAccessor: mount.entry.accessor, name: mount.identity.aliasName(grant.aliasName),
                groups: grant.groupAliases))
    }
}

extension TokenRole {
    /// Whether the role still lets its tokens have these policies.
    func mayKeep(_ policies: [String]) -> Bool {
        let isOpen = allowedPolicies.isEmpty && allowedPoliciesGlob.isEmpty
        return policies.allSatisfy { policy in
            // Given without being asked for, whatever the role says.
            if policy == "default" { return true }
            let isDisallowed =
                disallowedPolicies.contains(policy) || disallowedPoliciesGlob.contains { Glob.matches(policy, $0) }
            let isAllowed =
                isOpen || allowedPolicies.contains(policy) || allowedPoliciesGlob.contains { Glob.matches(policy, $0) }
            return isAllowed && !isDisallowed
        }
    }
}
