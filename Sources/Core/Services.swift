import Audit
import EngineKit
import Lifetimes

/// What exists only while the server is unsealed.
final class Services: Sendable {
    let tokens: TokenStore
    let policies: PolicyStore
    let mounts: MountTable
    let audit: AuditTrail

    init(tokens: TokenStore, policies: PolicyStore, mounts: MountTable, audit: AuditTrail) {
        self.tokens = tokens
        self.policies = policies
        self.mounts = mounts
        self.audit = audit
    }
}
