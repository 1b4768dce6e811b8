import EngineKit
import Identity
import Lifetimes
import Syntax

/// Decides about the renewal of a token by asking its source again: the auth method of its login, or its role. Users and roles may
/// be deleted, and policies and lifetimes may change after a login.
struct TokenRenewal: Sendable {
    let identity: IdentityStore
    let settings: CoreSettings
    /// The longest life of tokens that `auth/token/` created, in seconds.
    let ownMaxTTL: Int
    /// Returns the mount of a login with this id or, for a token without a mount id, the mount that contains the path.
    let mount: @Sendable (_ id: String, _ path: String) -> Mount?
    /// Returns the token role with a name, or nil if there is none.
    let role: @Sendable (_ name: String) async throws -> TokenRole?

    static let changedPolicies = CofferError.invalid("policies have changed, not renewing")

    /// Returns the terms of the renewal. Throws if the token must not be renewed.
    func terms(of entry: TokenEntry, on connection: Connection) async throws -> RenewalTerms {
        try await checkEntity(entry)
        if entry.path.utf8.starts(with: "auth/token/".utf8) { return try await ownTerms(entry) }
        guard let mount = mount(entry.mountID, entry.path), let method = mount.auth else {
            throw CofferError.invalid("the auth method that created the token no longer exists, not renewing")
        }
        let grant = try await method.renewal(
            of: HeldLogin(
                metadata: entry.metadata, facts: entry.loginFacts, certificateChain: connection.certificateChain))
        try checkPolicies(grant.policies, entry)
        try await refreshGroups(of: entry, from: grant, on: mount)
        let limits = mount.entry.tuning.limits(settings)
        return RenewalTerms(
            ttl: grant.terms.ttl > 0 ? grant.terms.ttl : limits.defaultTTL,
            maxTTL: grant.terms.maxTTL > 0 ? min(grant.terms.maxTTL, limits.maxTTL) : limits.maxTTL,
            explicitMaxTTL: Self.lower(entry.explicitMaxTTL, grant.terms.explicitMaxTTL), period: grant.terms.period,
            boundCIDRs: grant.terms.boundCIDRs)
    }

    /// Returns the terms of a token that another token created. The address ranges of its parent stay if its role sets none.
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

    /// Returns the lower of two limits, of which 0 means no limit.
    private static func lower(_ one: Int, _ other: Int) -> Int {
        if one == 0 || other == 0 { return max(one, other) }
        return min(one, other)
    }

    /// Throws if a login now would give other policies. The `default` policy does not count, because the grant does not decide
    /// about it.
    private func checkPolicies(_ granted: [String], _ entry: TokenEntry) throws(CofferError) {
        let today = Set(try PolicyNames.normalized(granted)).subtracting(["default"])
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
    /// Returns whether the role still allows a token to have these policies.
    func mayKeep(_ policies: [String]) -> Bool {
        // Tokens get the default policy whatever the role allows.
        policies.allSatisfy { $0 == "default" || (allowsAnyPolicy || allows($0)) && !disallows($0) }
    }

    /// Whether the role does not restrict policies by name; those of the parent token are allowed then.
    var allowsAnyPolicy: Bool { allowedPolicies.isEmpty && allowedPoliciesGlob.isEmpty }

    /// Returns whether the role names the policy, or a pattern of it, among those that are allowed.
    func allows(_ policy: String) -> Bool {
        allowedPolicies.contains(policy) || allowedPoliciesGlob.contains { policy.matchesUTF8($0) }
    }

    /// Returns whether the role names the policy, or a pattern of it, among those that are not allowed.
    func disallows(_ policy: String) -> Bool {
        disallowedPolicies.contains(policy) || disallowedPoliciesGlob.contains { policy.matchesUTF8($0) }
    }
}
