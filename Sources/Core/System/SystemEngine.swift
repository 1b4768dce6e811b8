import EngineKit
import Syntax

/// `sys/`: the server about itself. One file of paths for each thing it manages.
struct SystemEngine: SecretsEngine {
    /// The core outlives its system engine: it makes it at unseal and drops it at seal.
    unowned let core: Core
    let policies: PolicyStore
    let mounts: MountTable
    let audit: AuditTrail
    let access: AccessControl
    let tokens: TokenAccess
    let wrapping: ResponseWrapping
    let leases: LeaseService
    let inline: InlineLogins
    let quotas: RateLimits
    let passwords: PasswordPolicyStore

    var paths: [EnginePath] {
        mountPaths + authMountPaths + policyPaths + capabilityPaths + auditPaths + internalPaths + specificationPaths
            + PublicSystemPaths(core: core).paths + sealPaths + keyPaths + generateRootPaths + rekeyPaths + wrappingPaths
            + leasePaths
            + quotaPaths + pluginPaths + lockedUserPaths + auditHeaderPaths + passwordPolicyPaths
    }
}
