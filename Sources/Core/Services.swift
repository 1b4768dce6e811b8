import Audit
import EngineKit
import Identity
import Lifetimes

/// What exists only while the server is unsealed.
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
    let clock: ClockWatch
    /// The barrier, for what is of no room in particular.
    let storage: any Storage
    let clusterID: String
    let unfinished: UnfinishedWork

    init(
        tokens: TokenStore, policies: PolicyStore, mounts: MountTable, audit: AuditTrail, wrapping: ResponseWrapping,
        leases: LeaseService, inline: InlineLogins, quotas: RateLimits, identity: IdentityStore, clock: ClockWatch,
        unfinished: UnfinishedWork, storage: any Storage, clusterID: String
    ) {
        self.clock = clock
        self.unfinished = unfinished
        self.storage = storage
        self.leases = leases
        self.identity = identity
        self.wrapping = wrapping
        self.clusterID = clusterID
        self.inline = inline
        self.quotas = quotas
        self.tokens = tokens
        self.policies = policies
        self.mounts = mounts
        self.audit = audit
    }
}
