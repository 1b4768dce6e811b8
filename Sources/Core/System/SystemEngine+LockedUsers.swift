import EngineKit
import Syntax

extension SystemEngine {
    /// The paths of names that are locked after failed logins.
    var lockedUserPaths: [EnginePath] {
        [
            EnginePath(
                "locked-users", "Lists the names that failed logins have locked.",
                fields: [
                    Field("mount_accessor", .string, default: "", "Accessor of the mount whose names are listed; empty for all.")
                ]
            )
            .reading("List locked names.") { .data(try await lockedUsers(of: $0.fields.text("mount_accessor"))) },
            EnginePath(
                "locked-users/{mount_accessor}/unlock/{alias_identifier}", "Unlocks a name.",
                fields: [
                    Field("mount_accessor", .string, "Accessor of the mount."),
                    Field("alias_identifier", .string, "Locked name: a user name, a role id or a service's name."),
                ]
            )
            .updatingWithoutAnswer("Unlock a name.") { request in
                try await unlock(request.captures["alias_identifier"], at: request.captures["mount_accessor"])
            },
        ]
    }

    private func lockedUsers(of accessor: String) async throws -> JSONObject {
        var found: [(accessor: String, names: [String])] = []
        for mount in mounts.router.mounts.values where accessor.isEmpty || mount.entry.accessor == accessor {
            guard let names = try await mount.locking?.lockedNames(), !names.isEmpty else { continue }
            found.append((mount.entry.accessor, names))
        }
        for (kind, names) in try await inline.locked() where accessor.isEmpty || Self.accessor(ofInline: kind) == accessor {
            found.append((Self.accessor(ofInline: kind), names))
        }
        // Vault sorts by the number of names, the largest first.
        found.sort { ($1.names.count, $0.accessor) < ($0.names.count, $1.accessor) }
        let total = found.reduce(0) { $0 + $1.names.count }
        let rows = found.map { row -> JSON in
            [
                "mount_accessor": .string(row.accessor), "counts": .int(row.names.count),
                "alias_identifiers": .strings(row.names),
            ]
        }
        let root: JSON = ["namespace_id": "root", "namespace_path": "", "counts": .int(total), "mount_accessors": .array(rows)]
        return ["by_namespace": .array(total == 0 ? [] : [root]), "total": .int(total)]
    }

    private func unlock(_ name: String, at accessor: String) async throws {
        if let mount = mounts.router.mounts.values.first(where: { $0.entry.accessor == accessor }) {
            guard let method = mount.locking else { throw CofferError.invalid("this mount does not lock names") }
            return try await method.unlock(name)
        }
        for kind in inline.kinds where Self.accessor(ofInline: kind) == accessor {
            return try await inline.unlock(name, kind: kind)
        }
        throw CofferError.invalid("no auth mount has this accessor; `coffer auth list -detailed` shows the accessors")
    }

    /// Returns the accessor that a kind of inline credentials has instead of a mount's.
    private static func accessor(ofInline kind: String) -> String { "inline_" + kind }
}
