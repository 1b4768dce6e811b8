import EngineKit
import Identity
import Syntax

extension SystemEngine {
    private static let enableFields: [Field] =
        [
            Field("type", .string, "Type of the engine, such as kv."),
            Field("config", .object, "Settings, as the tune path takes them."),
            Field("local", .bool, default: false, "Accepted for compatibility: nothing is replicated."),
            Field("seal_wrap", .bool, default: false, "Accepted for compatibility: every record is sealed."),
            Field("external_entropy_access", .bool, default: false, "Accepted for compatibility."),
            Field("plugin_name", .string, deprecated: true, "Use type."),
        ] + MountTuning.fields

    /// The paths of secrets engines, at `sys/mounts`.
    var mountPaths: [EnginePath] { paths(.secret, root: "mounts") }

    /// The paths of auth methods, at `sys/auth`, where changes need `sudo`.
    var authMountPaths: [EnginePath] {
        // The older path of an auth mount's settings has to be matched before `mounts/{path...}/tune`.
        [tunePath("mounts/auth/{path...}/tune", .auth)] + paths(.auth, root: "auth") + remountPaths
    }

    private func paths(_ mountClass: MountEntry.Class, root: String) -> [EnginePath] {
        let what = mountClass == .auth ? "auth method" : "secrets engine"
        return [
            EnginePath(PathPattern(root), "Lists the mounts.")
                .reading("List the \(what)s.") { _ in
                    let entries = mounts.entries.filter { ($0.mountClass == .auth) == (mountClass == .auth) }
                    let sorted = entries.sorted { $0.path < $1.path }
                    return .data(JSONObject(sorted.map { .init(key: $0.shownPath, value: .object($0.shown)) }))
                },
            tunePath(PathPattern(root + "/{path...}/tune"), mountClass),
            EnginePath(
                PathPattern(root + "/{path...}"), "Mounts, reads and unmounts an engine.", fields: Self.enableFields,
                access: mountClass == .auth ? .sudo : .token, allowsFolder: true
            )
            .reading("Read a mount.") { .data(try entry($0.captures["path"], mountClass).shown) }
            .updating("Mount a \(what).") { try await enable($0, mountClass) }
            .adding(.delete, .init("Unmount a \(what) and delete its data.") { try await disable($0, mountClass) }),
        ]
    }

    private func tunePath(_ pattern: PathPattern, _ mountClass: MountEntry.Class) -> EnginePath {
        EnginePath(
            pattern, "Reads and changes the settings of a mount.", fields: MountTuning.fields,
            access: mountClass == .auth ? .sudo : .token
        )
        .reading("Read the settings.") { .data(try entry($0.captures["path"], mountClass).shownTuning(core.settings)) }
        .updatingWithoutAnswer("Change the settings.") { try await tune($0, mountClass) }
    }

    private func entry(_ shown: String, _ mountClass: MountEntry.Class) throws(CofferError) -> MountEntry {
        let path = (mountClass == .auth ? "auth/" : "") + shown + "/"
        guard let entry = mounts.entry(at: path) else {
            // Clients recognize a missing mount by exactly this text.
            throw .invalid("No \(mountClass == .auth ? "auth" : "secret") engine mount at \(shown)/")
        }
        return entry
    }

    // MARK: Enabling

    private func enable(_ request: Request, _ mountClass: MountEntry.Class) async throws -> Response {
        let path = try MountPaths.new(request.captures["path"], mountClass)
        guard let asked = request.fields.string("type") ?? request.fields.string("plugin_name"), !asked.isEmpty else {
            throw CofferError.invalid("backend type must be specified as a string")
        }
        var options = request.fields.textMap("options")
        guard let (description, implied) = core.environment.catalog.resolve(asked, mountClass) else {
            throw Self.unknownType(asked, known: core.environment.catalog.mountableTypes(mountClass), of: mountClass)
        }
        let type = description.type
        options.merge(implied) { $1 }
        guard !description.isServersOwn else {
            throw CofferError(.permissionDenied, "mount type of \"\(type)\" is not mountable")
        }
        try description.checkOptions(options)
        var entry = MountEntry(
            uuid: core.environment.randomness.uuid(), path: path, type: type, mountClass: mountClass,
            accessor: Self.accessor(type, mountClass, randomness: core.environment.randomness))
        entry.description = request.fields.text("description")
        entry.options = options
        entry.isLocal = request.fields.flag("local")
        entry.isSealWrapped = request.fields.flag("seal_wrap")
        try MountTuning.checkVersion(request.fields, type: type)
        try entry.tuning.update(request.fields, settings: core.settings)
        if let config = request.fields.object("config") {
            let fields = try MountTuning.fields(inConfig: config)
            try MountTuning.checkTokenType(fields, for: entry)
            try MountTuning.checkVersion(fields, type: type)
            try entry.tuning.update(fields, settings: core.settings)
        }
        try MountTuning.checkTokenType(request.fields, for: entry)
        try entry.checkLockout(description)
        let made = entry
        let builtIn = mounts.entries.filter(\.isBuiltIn)
        try await mounts.change { entries throws(CofferError) in
            try MountPaths.checkFree(path, among: entries + builtIn)
            entries.append(made)
        }
        var response = Response.empty
        let unread = options.keys.filter { !description.reads(option: $0) }.sorted()
        if !unread.isEmpty {
            response.warnings = ["The \(type) engine does not read these options: [\(unread.prefix(20).joined(separator: " "))]"]
        }
        return response
    }

    private static func unknownType(_ asked: String, known: [String], of mountClass: MountEntry.Class) -> CofferError {
        let what = mountClass == .auth ? "auth method" : "secrets engine"
        var error = CofferError.invalid(
            "There is no \(what) \"\(asked)\" in this version. Available: \(known.joined(separator: ", ")).")
        error.auditText = "there is no \(what) of this type"
        return error
    }

    /// Returns a new accessor, such as `auth_userpass_1a2b3c4d`.
    static func accessor(_ type: String, _ mountClass: MountEntry.Class, randomness: any Randomness) -> String {
        (mountClass == .auth ? "auth_" : "") + type + "_" + Hex.encode(randomness.bytes(4))
    }

    // MARK: Changing

    private func disable(_ request: Request, _ mountClass: MountEntry.Class) async throws -> Response {
        let mountPath = (mountClass == .auth ? "auth/" : "") + request.captures["path"] + "/"
        guard let entry = mounts.entry(at: mountPath) else { return .empty }
        guard !entry.isBuiltIn else { throw CofferError.invalid("cannot unmount \"\(entry.shownPath)\"") }
        let engine = mounts.router.mounts[entry.path]?.leased
        // The engine can revoke leases only while it is mounted, and a failure leaves the mount as it is.
        let path = String(entry.path.dropLastUTF8())
        try await leases.revokeAll(path)
        try await mounts.remove(entry) {
            // Requests in progress may have created more leases, which are queued if revoking them fails.
            try? await leases.revokeAll(path, engine: engine)
        }
        try await quotas.mountRemoved(entry.path)
        // Not refused, because it ends all logins of the mount, which may be urgent.
        return Response(
            .none,
            warnings: logins.identity.mfa.enforcements(namingMount: entry.accessor).map { name in
                "The MFA login enforcement \"\(name)\" names the accessor of this mount. A mount that is enabled at the path again has "
                    + "another accessor: its logins need no second factor until the enforcement names it."
            })
    }

    private func tune(_ request: Request, _ mountClass: MountEntry.Class) async throws {
        let current = try entry(request.captures["path"], mountClass)
        guard current.mountClass != .system else {
            throw CofferError.invalid("the settings of \"\(current.shownPath)\" cannot be changed")
        }
        let fields = request.fields
        try MountTuning.checkTokenType(fields, for: current)
        try MountTuning.checkVersion(fields, type: current.type)
        let (settings, description) = (core.settings, core.environment.catalog.description(of: current))
        try await mounts.change { entries throws(CofferError) in
            if current.isBuiltIn, !entries.contains(where: { $0.uuid == current.uuid }) { entries.append(current) }
            guard let index = entries.firstIndex(where: { $0.uuid == current.uuid }) else {
                throw .invalid("No secret engine mount at \(current.shownPath)")
            }
            var entry = entries[index]
            try entry.tuning.update(fields, settings: settings)
            // This setting is chosen at mount time only.
            entry.tuning.forceNoCache = entries[index].tuning.forceNoCache
            try entry.checkLockout(description)
            if let text = fields.string("description") { entry.description = text }
            if let options = fields.stringMap("options") {
                let changed = entry.options.merging(options) { $1 }
                try description?.checkOptionsChange(entry.options, changed)
                try description?.checkOptions(changed)
                entry.options = changed
            }
            entries[index] = entry
        }
    }

    // MARK: Moving

    private var remountPaths: [EnginePath] {
        [
            EnginePath(
                "remount", "Moves a mount.",
                fields: [
                    Field("from", .string, required: true, "Current path of the mount."),
                    Field("to", .string, required: true, "New path of the mount."),
                ], access: .sudo
            )
            .updating("Move a mount.") { try await remount($0) },
            EnginePath("remount/status/{migration_id}", "Returns the state of a move.")
                .reading("Read the state of a move.") { request in
                    guard let remount = core.remounts.find(request.captures["migration_id"]) else { throw CofferError.notFound }
                    return .data([
                        "migration_id": .string(remount.id),
                        "migration_info": [
                            "source_mount": .string(remount.from), "target_mount": .string(remount.to), "status": "success",
                        ],
                    ])
                },
        ]
    }

    /// Moves a mount. Only the table changes, because records are stored under the mount's id.
    private func remount(_ request: Request) async throws -> Response {
        let from = try Self.splitClass(request.fields.text("from"))
        let to = try Self.splitClass(request.fields.text("to"))
        guard from.mountClass == to.mountClass else { throw CofferError.invalid("cannot remount between secret and auth mounts") }
        let source = try entry(from.path, from.mountClass)
        let isServersOwn = core.environment.catalog.description(of: source)?.isServersOwn == true
        guard !source.isBuiltIn, !isServersOwn else { throw CofferError.invalid("cannot remount \"\(source.shownPath)\"") }
        let target = try MountPaths.new(to.path, to.mountClass)
        let builtIn = mounts.entries.filter(\.isBuiltIn)
        try await mounts.change { entries throws(CofferError) in
            guard let index = entries.firstIndex(where: { $0.uuid == source.uuid }) else {
                throw .invalid("no matching mount at \"\(source.shownPath)\"")
            }
            var others = entries
            others.remove(at: index)
            try MountPaths.checkFree(target, among: others + builtIn)
            entries[index].path = target
        }
        // Lease ids contain the old path, so the leases are revoked. Those that fail are queued.
        try? await leases.revokeAll(String(source.path.dropLastUTF8()))
        try await quotas.mountMoved(from: source.path, to: target)
        let remount = core.remounts.record(from: source.path, to: target, randomness: core.environment.randomness)
        return .data(["migration_id": .string(remount.id)])
    }

    private static func splitClass(_ path: String) throws(CofferError) -> (path: String, mountClass: MountEntry.Class) {
        let canonical = try canonicalPath(path, as: "the mount's path")
        guard canonical.text.hasUTF8Prefix("auth/") else { return (canonical.text, .secret) }
        return (String(canonical.text.dropFirstUTF8(5)), .auth)
    }
}
