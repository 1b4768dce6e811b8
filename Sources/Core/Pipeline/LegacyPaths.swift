import EngineKit
import Syntax

/// Older spellings of paths. The pipeline goes on with the path of today, so policies, audit and handlers know only one:
/// no alias can be allowed where the path itself is not.
enum LegacyPaths {
    private static let renamed = [
        ("sys/renew", "sys/leases/renew"), ("sys/revoke-prefix", "sys/leases/revoke-prefix"),
        ("sys/revoke-force", "sys/leases/revoke-force"), ("sys/revoke", "sys/leases/revoke"),
        ("identity/alias", "identity/entity-alias"), ("identity/persona", "identity/entity-alias"),
    ]

    /// The path itself when it has no other name, or when the longer one would not be acceptable.
    static func resolve(_ path: CanonicalPath) -> CanonicalPath {
        guard path.text.hasUTF8Prefix("sys/re") || path.text.hasUTF8Prefix("identity/") else { return path }
        for (old, new) in renamed where path.text.hasUTF8Prefix(old) {
            let rest = path.description.dropFirstUTF8(old.utf8.count)
            if rest.isEmpty || rest.hasUTF8Prefix("/") { return (try? CanonicalPath(decoded: new + rest)) ?? path }
        }
        return path
    }
}
