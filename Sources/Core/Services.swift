import Audit
import EngineKit
import Identity
import Lifetimes

/// What exists only while the server is unsealed.
final class Services: Sendable {
    struct Unfinished {
        var revocations: Set<String> = []
        /// With the looks that found them.
        var removals: [String: Int] = [:]
    }

    let tokens: TokenStore
    let policies: PolicyStore
    let mounts: MountTable
    let audit: AuditTrail
    let wrapping: ResponseWrapping
    let leases: LeaseDesk
    let inline: InlineDesk
    let quotas: RateLimits
    let identity: IdentityStore
    let clock: ClockWatch
    /// The barrier, for what is of no room in particular.
    let storage: any Storage
    let clusterID: String
    /// Revocations and removals that were under way at the last look for interrupted ones.
    let unfinished = BargingLock(Unfinished())
    /// The last term in which this node finished what its predecessor had begun.
    let resumedTerm = BargingLock<UInt64?>(nil)

    init(
        tokens: TokenStore, policies: PolicyStore, mounts: MountTable, audit: AuditTrail, wrapping: ResponseWrapping,
        leases: LeaseDesk, inline: InlineDesk, quotas: RateLimits, identity: IdentityStore, clock: ClockWatch,
        storage: any Storage, clusterID: String
    ) {
        self.clock = clock
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
