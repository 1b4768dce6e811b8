import Audit
import EngineKit
import Identity

/// A mounted engine with its paths and the optional contracts that it implements.
final class Mount: Sendable {
    let entry: MountEntry
    // What each request asks of the entry, so that none copies it.

    /// The path with its final slash.
    let path: String
    /// Whether the server makes the mount, and nobody can remove it.
    let isBuiltIn: Bool
    /// The mount as the audit records it.
    let audited: AuditMount
    /// The mount as identity sees it.
    let identity: IdentityMount
    /// The mount's type as the API description names it, such as `kv-v2`; empty for `sys/`.
    let apiName: String
    /// Finds the engine's path for a request.
    let router: PathRouter
    /// The engine, if it grants leases.
    let leased: (any LeasedEngine)?
    /// The engine, if it has periodic work.
    let periodic: (any PeriodicEngine)?
    /// The engine, if it caches records.
    let caching: (any CachingEngine)?
    /// The engine, if it is an auth method.
    let auth: (any AuthMethod)?
    /// The engine, if it locks names after failed logins.
    let locking: (any LockingEngine)?
    /// The engine, if its logins name a role.
    let roleNaming: (any RoleNamingAuthMethod)?
    /// The engine, if it explains why it has no route for a path.
    let explaining: (any PathExplainingEngine)?

    /// Creates the mount of an engine.
    init(entry: MountEntry, engine: any Engine, catalog: EngineCatalog) {
        self.entry = entry
        path = entry.path
        isBuiltIn = entry.isBuiltIn
        identity = IdentityMount(entry, catalog.description(of: entry))
        apiName = catalog.apiName(of: entry)
        audited = AuditMount(entry)
        router = PathRouter(engine.paths)
        leased = engine as? any LeasedEngine
        periodic = engine as? any PeriodicEngine
        caching = engine as? any CachingEngine
        auth = engine as? any AuthMethod
        locking = engine as? any LockingEngine
        roleNaming = engine as? any RoleNamingAuthMethod
        explaining = engine as? any PathExplainingEngine
    }
}

/// Finds the mount of a path: the mount whose path is the longest prefix.
struct MountRouter: Sendable {
    /// The mounts by path.
    private(set) var mounts: [String: Mount] = [:]
    /// The mounts by accessor.
    private(set) var mountsByAccessor: [String: Mount] = [:]
    /// The number of slashes in the deepest mount's path, which bounds a lookup.
    private var depthMax = 0

    init(_ mounts: [Mount]) {
        for mount in mounts {
            self.mounts[mount.entry.path] = mount
            mountsByAccessor[mount.entry.accessor] = mount
            depthMax = max(depthMax, mount.entry.path.utf8.count { $0 == UInt8(ascii: "/") })
        }
    }

    /// Returns the mount of a path and the path relative to the mount, or nil if there is none.
    ///
    /// - Parameter path: A path without a final slash. The relative path is empty if it is the mount's own.
    func route(_ path: String) -> (mount: Mount, relative: Substring)? {
        var found: (Mount, Substring)?
        var position = path.startIndex
        for _ in 0..<depthMax {
            let slash = path.utf8[position...].firstIndex(of: UInt8(ascii: "/"))
            let prefix = slash.map { String(path[...$0]) } ?? path + "/"
            if let mount = mounts[prefix] {
                found = (mount, slash.map { path[path.utf8.index(after: $0)...] } ?? path[path.endIndex...])
            }
            guard let slash else { break }
            position = path.utf8.index(after: slash)
        }
        return found
    }
}
