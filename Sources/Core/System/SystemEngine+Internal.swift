import EngineKit
import Policy
import Syntax

extension SystemEngine {
    /// The paths by which the CLI and the console find mounts and permissions.
    var internalPaths: [EnginePath] {
        [
            EnginePath("internal/ui/mounts", "Lists the mounts that the caller may see.", access: .unauthenticated)
                .reading("List mounts for a user interface.") { try await visibleMounts($0) },
            EnginePath(
                "internal/ui/mounts/{path...}", "Returns the mount that contains a path.", access: .unauthenticated,
                allowsFolder: true
            )
            .reading("Read the mount of a path.") { try await mountOfPath($0) },
            EnginePath("internal/ui/resultant-acl", "Returns everything that the calling token may do.")
                .reading("Read the effective policy of the calling token.") { request in
                    // The limits of a token cannot be written as policies, and its parent's policies allow more.
                    guard request.narrowing == nil else {
                        throw CofferError.invalid(
                            "the policies of a narrowed token do not show what it may do; check paths with sys/capabilities-self"
                        )
                    }
                    return .data(try await access.acl(of: request.caller).resultant)
                },
        ]
    }

    private func visibleMounts(_ request: Request) async throws -> Response {
        var (auth, secret) = (JSONObject(), JSONObject())
        for entry in try await visibleEntries(request) {
            let view: JSON = request.caller == nil ? .object(entry.publicView) : .object(entry.shown)
            if entry.mountClass == .auth { auth[entry.shownPath] = view } else { secret[entry.path] = view }
        }
        return .data(["auth": .object(auth), "secret": .object(secret)])
    }

    /// Returns the mounts to which the caller has any access and those that are listed to everyone, sorted by path.
    func visibleEntries(_ request: Request) async throws -> [MountEntry] {
        var acl: ACL?
        if let caller = request.caller { acl = try await access.acl(of: caller) }
        return mounts.entries.sorted { $0.path < $1.path }.filter { entry in
            entry.tuning.listingVisibility == "unauth"
                || acl?.hasAnyAccess(underPrefix: entry.path) == true && request.narrowing?.reaches(below: entry.path) != false
        }
    }

    /// Returns the mount of a path. Throws the same error for a path without a mount and for a mount that the caller must not see.
    private func mountOfPath(_ request: Request) async throws -> Response {
        let path = request.captures["path"]
        guard let caller = request.caller else { throw CofferError.denied }
        let acl = try await access.acl(of: caller)
        let found = mounts.router.route(path)
        guard let (mount, _) = found, request.narrowing?.reaches(below: mount.entry.path) != false,
            acl.hasAnyAccess(underPrefix: mount.entry.path)
        else {
            let mayKnow = request.narrowing == nil && acl.verdict(.read, path: "sys/mounts").isAllowed
            throw Self.refusal(of: path, isMissing: found == nil && mayKnow)
        }
        var data = mount.entry.shown
        data["path"] = .string(mount.entry.path)
        return .data(data)
    }
}

extension SystemEngine {
    /// Returns the error for a mount that is unknown or not visible. A caller that may list the mounts is told if it is unknown.
    /// The status is 403 in both cases, because clients take a 404 for an older server and continue.
    private static func refusal(of path: String, isMissing: Bool) -> CofferError {
        var refusal = CofferError(
            .permissionDenied,
            "preflight capability check returned 403, please ensure client's policies grant access to path \"\(path)/\"")
        refusal.auditText = "preflight capability check returned 403"
        guard isMissing else { return refusal }
        let name = String(Substring(path.utf8.prefix { $0 != UInt8(ascii: "/") }))
        refusal.messages = [
            """
            No secrets engine is mounted at \(name)/. See `coffer secrets list`, or mount one: \
            `coffer secrets enable -path=\(name) kv-v2`
            """
        ]
        return refusal
    }
}

extension MountEntry {
    /// The properties that callers without a token may see.
    fileprivate var publicView: JSONObject {
        [
            "description": .string(description), "options": .mapOrNull(options),
            "type": .string(type),
        ]
    }
}
