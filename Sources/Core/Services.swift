import Audit
import EngineKit
import Lifetimes

/// What exists only while the server is unsealed.
final class Services: Sendable {
    let tokens: TokenStore
    let policies: PolicyStore
    let mounts: MountTable
    let audit: AuditTrail
    let wrapping: ResponseWrapping
    let leases: LeaseDesk
    let inline: InlineDesk
    let quotas: RateLimits
    let clusterID: String

    init(
        tokens: TokenStore, policies: PolicyStore, mounts: MountTable, audit: AuditTrail, wrapping: ResponseWrapping,
        leases: LeaseDesk,
        inline: InlineDesk, quotas: RateLimits,
        clusterID: String
    ) {
        self.leases = leases
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
