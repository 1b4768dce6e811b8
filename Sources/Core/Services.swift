import Audit
import EngineKit
import Lifetimes

/// What exists only while the server is unsealed.
final class Services: Sendable {
    let tokens: TokenStore
    let policies: PolicyStore
    let mounts: MountTable
    let audit: AuditTrail
    let clusterID: String

    init(tokens: TokenStore, policies: PolicyStore, mounts: MountTable, audit: AuditTrail, clusterID: String) {
        self.clusterID = clusterID
        self.tokens = tokens
        self.policies = policies
        self.mounts = mounts
        self.audit = audit
    }
}
