import EngineKit
import Syntax

/// Older spellings of paths. Requests continue with the current path, so policies, audit and handlers see only one, and a spelling
/// cannot be allowed where the path is not.
enum LegacyPaths {
    private static let renamed = [
        ("sys/renew", "sys/leases/renew"), ("sys/revoke-prefix", "sys/leases/revoke-prefix"),
        ("sys/revoke-force", "sys/leases/revoke-force"), ("sys/revoke", "sys/leases/revoke"),
        ("identity/alias", "identity/entity-alias"), ("identity/persona", "identity/entity-alias"),
    ]

    /// Returns the current path, which is the path itself if it is not an older spelling or if the current one would be too long.
    static func resolve(_ path: CanonicalPath) -> CanonicalPath {
        guard path.text.hasUTF8Prefix("sys/re") || path.text.hasUTF8Prefix("identity/") else { return path }
        for (old, new) in renamed where path.text.hasUTF8Prefix(old) {
            let rest = path.description.dropFirstUTF8(old.utf8.count)
            if rest.isEmpty || rest.hasUTF8Prefix("/") { return (try? CanonicalPath(decoded: new + rest)) ?? path }
        }
        return path
    }
}
