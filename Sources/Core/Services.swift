import Audit
import EngineKit
import Identity
import IdentityTokens
import Lifetimes

/// Everything that exists only while the server is unsealed.
final class Services: Sendable {
    let tokens: TokenStore
    let policies: PolicyStore
    let mounts: MountTable
    let audit: AuditTrail
    let wrapping: ResponseWrapping
    let leases: LeaseService
    let inline: InlineLogins
    let quotas: RateLimits
    let identity: IdentityStore
    let identityTokens: IdentityTokens
    let logins: LoginTokens
    let clock: ClockGuard
    /// The whole store behind the barrier, for records that belong to no other service.
    let storage: any Storage
    let clusterID: String
    let unfinished: InterruptedWork

    init(
        tokens: TokenStore, policies: PolicyStore, mounts: MountTable, audit: AuditTrail, wrapping: ResponseWrapping,
        leases: LeaseService, inline: InlineLogins, quotas: RateLimits, identity: IdentityStore,
        identityTokens: IdentityTokens, logins: LoginTokens, clock: ClockGuard, unfinished: InterruptedWork, storage: any Storage,
        clusterID: String
    ) {
        self.clock = clock
        self.unfinished = unfinished
        self.storage = storage
        self.leases = leases
        self.identity = identity
        self.identityTokens = identityTokens
        self.logins = logins
        self.wrapping = wrapping
        self.clusterID = clusterID
        self.inline = inline
        self.quotas = quotas
        self.tokens = tokens
        self.policies = policies
        self.mounts = mounts
        self.audit = audit
    }

    /// Returns a token with its entity, or nil if the token may not be used from the client's address or its entity was deleted
    /// or disabled.
    func usable(
        _ token: LiveToken, from connection: Connection
    ) async throws -> (token: LiveToken, entity: ResolvedEntity?)? {
        guard token.isUsable(from: connection.remoteAddress) else { return nil }
        guard !token.entry.entityID.isEmpty else { return (token, nil) }
        guard let entity = try await identity.resolve(token.entry.entityID), !entity.isDisabled else { return nil }
        return (token, entity)
    }
}
