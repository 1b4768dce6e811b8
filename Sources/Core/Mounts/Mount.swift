import Audit
import EngineKit
import Identity

/// A mounted engine, ready to be asked.
final class Mount: Sendable {
    let entry: MountEntry
    let audited: AuditMount
    /// The mount as identity sees it.
    let identity: IdentityMount
    /// The mount's type as the API description names it, such as `kv-v2`; empty for `sys/`.
    let apiName: String
    let router: PathRouter
    /// The engine, when it grants leases.
    let leased: (any LeasedEngine)?
    /// The engine, when it has work of its own.
    let periodic: (any PeriodicEngine)?
    /// The engine, when it keeps records open.
    let caching: (any CachingEngine)?
    /// The engine, when logins come of it.
    let auth: (any AuthMethod)?
    /// The engine, when it locks names after failures.
    let locking: (any LockingEngine)?
    /// The engine, when its logins name a role.
    let roleNaming: (any RoleNamingAuthMethod)?
    /// The engine, when it explains paths that it does not serve.
    let explaining: (any PathExplainingEngine)?

    init(entry: MountEntry, engine: any Engine, catalog: EngineCatalog) {
        self.entry = entry
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

/// Finds the mount of a path: the one with the longest matching prefix.
struct MountRouter: Sendable {
    private(set) var mounts: [String: Mount] = [:]
    private(set) var mountsByAccessor: [String: Mount] = [:]
    /// Slashes in the deepest mount's path: how far a look-up goes.
    private var depthMax = 0

    init(_ mounts: [Mount]) {
        for mount in mounts {
            self.mounts[mount.entry.path] = mount
            mountsByAccessor[mount.entry.accessor] = mount
            depthMax = max(depthMax, mount.entry.path.utf8.count { $0 == UInt8(ascii: "/") })
        }
    }

    /// `path` has no final slash. The relative part is empty when the path is the mount's own.
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
