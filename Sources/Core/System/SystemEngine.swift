import EngineKit
import Syntax

/// The engine at `sys/`, by which operators manage the server. Each group of paths has a file.
struct SystemEngine: SecretsEngine {
    /// The server. It outlives this engine, which it creates at unseal and drops at seal.
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
    let logins: LoginTokens

    var paths: [EnginePath] {
        mountPaths + authMountPaths + policyPaths + capabilityPaths + auditPaths + internalPaths + specificationPaths
            + PublicSystemPaths(core: core).paths + sealPaths + keyPaths + generateRootPaths + rekeyPaths + wrappingPaths
            + leasePaths + quotaPaths + pluginPaths + lockedUserPaths + auditHeaderPaths + passwordPolicyPaths
            + mfaPaths
    }

    /// Returns a path that a client sent, with or without a leading slash. Throws an error that names the path if it is malformed.
    ///
    /// - Parameter name: What the error calls the path, such as `'path'`.
    static func canonicalPath(_ path: String, as name: String) throws(CofferError) -> CanonicalPath {
        do {
            return try CanonicalPath(decoded: path.hasUTF8Prefix("/") ? String(path.dropFirstUTF8()) : path)
        } catch {
            throw .invalid("\(name) is not valid: \(error.rawValue)")
        }
    }
}
