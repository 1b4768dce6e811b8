import EngineKit
import Policy
import Syntax

extension SystemEngine {
    /// What the CLI and the console ask before they do anything.
    var internalPaths: [EnginePath] {
        [
            EnginePath(
                "internal/ui/mounts", "Lists the mounts that the caller may see.", access: .unauthenticated,
                endpoints: [.read: .init("List mounts for a user interface.", changesNothing: true) { try await visibleMounts($0) }]
            ),
            EnginePath(
                "internal/ui/mounts/{path...}", "Returns the mount that contains a path.", access: .unauthenticated,
                allowsFolder: true,
                endpoints: [.read: .init("Find the mount of a path.", changesNothing: true) { try await mountOfPath($0) }]),
            EnginePath(
                "internal/ui/resultant-acl", "Returns everything that the calling token may do.",
                endpoints: [
                    .read: .init("The caller's effective policy.", changesNothing: true) { request in
                        // Limits of a token are not policies, and those of its parent would say too much.
                        guard request.narrowing == nil else {
                            throw CofferError.invalid("the token was narrowed by its holder; ask sys/capabilities-self about paths")
                        }
                        return .data(try await access.acl(of: request.caller).resultant)
                    }
                ]),
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

    /// In the order of their paths: those the caller may use in some way, and those that are listed for everybody.
    func visibleEntries(_ request: Request) async throws -> [MountEntry] {
        var acl: ACL?
        if let caller = request.caller { acl = try await access.acl(of: caller) }
        return mounts.entries.sorted { $0.path < $1.path }.filter { entry in
            entry.tuning.listingVisibility == "unauth"
                || acl?.hasAnyAccess(underPrefix: entry.path) == true && request.narrowing?.reaches(below: entry.path) != false
        }
    }

    /// An unknown mount and one the caller may not see give the same refusal.
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
    /// Who may read the list of mounts may also be told that this one is not in it. The status stays: clients take a 404 for
    /// an older server and go on.
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
    /// For callers without a token, of mounts that are meant to be seen.
    fileprivate var publicView: JSONObject {
        [
            "description": .string(description), "options": options.isEmpty ? .null : .object(JSONObject(sorting: options)),
            "type": .string(type),
        ]
    }
}
