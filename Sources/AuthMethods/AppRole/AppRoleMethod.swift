package import EngineKit
import LoginGuards
import Records
package import Syntax

/// Logins of machines: a role id says which role, a secret id proves it.
package struct AppRoleMethod: LockingEngine, RoleNamingAuthMethod, PeriodicEngine {
    package let paths: [EnginePath]
    private let routes: AppRoleRoutes
    private let sweep: SecretIDSweep

    package init(_ context: MountContext) {
        routes = AppRoleRoutes(context)
        sweep = SecretIDSweep(routes.secretIDs, time: context.time, logger: context.logger)
        // A path of two literals comes before the one with a capture in its place.
        paths = [routes.login] + routes.secretIDPaths + routes.fieldPaths + [routes.roleID] + routes.rolePaths + [routes.tidy]
    }

    package func renewal(of login: HeldLogin) async throws -> AuthGrant { try await routes.renewal(of: login) }

    package func runRound() async { await sweep.run() }

    /// Role ids.
    package func lockedNames() async throws -> [String] { try await routes.lockouts.locked() }
    package func unlock(_ name: String) async throws { try await routes.lockouts.unlock(name) }

    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath == "login", let id = body["role_id"]?.stringValue, id.utf8.count <= AppRole.roleIDBytesMax else {
            return nil
        }
        return try await routes.role(id: id)?.name
    }
}

/// `approle`.
package let appRoleDescription = EngineDescription(
    type: "approle", summary: "Logins of machines with a role id and a secret id.", locksNames: true
) { context in AppRoleMethod(context) }

/// The routes. One extension a group of paths.
struct AppRoleRoutes: Sendable {
    let roles: RecordTable<AppRole>
    let secretIDs: SecretIDs
    let lockouts: Lockouts
    let key: MountKey
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    /// Seconds; 0 where the mount sets none.
    let maxTTL: Int

    init(_ context: MountContext) {
        storage = context.storage
        time = context.time
        randomness = context.randomness
        maxTTL = context.maxTTL
        key = MountKey(storage: storage, randomness: randomness)
        let key = key
        lockouts = Lockouts(storage: storage, time: time, rules: context.lockout) { name throws(StorageError) in
            try await key.hash("lockout/v1", name)
        }
        roles = RecordTable(storage: storage, prefix: AppRoleKeys.roles, parsedMax: 1_024)
        secretIDs = SecretIDs(storage: storage, key: key, time: time, randomness: randomness)
    }

    static let roleField = Field("role_name", .string, required: true, "Name of the role; letters of either case are one.")

    /// The role that the path names, or a refusal that names it.
    func existingRole(_ request: Request) async throws -> (role: AppRole, version: UInt64) {
        let name = try roleName(request)
        guard let found = try await roles.find(name) else { throw Self.unknownRole(name) }
        return (found.value, found.version)
    }

    func role(_ request: Request) async throws -> AppRole? {
        guard let name = AccountName(request.captures["role_name"]) else { return nil }
        return try await roles.find(name.text)?.value
    }

    func roleName(_ request: Request) throws(CofferError) -> String {
        guard let name = AccountName(request.captures["role_name"]) else {
            throw .invalid(
                "field 'role_name' may have letters, digits, '_', '-' and '.', and \(AccountName.bytesMax) bytes at most")
        }
        return name.text
    }

    static func unknownRole(_ name: String) -> CofferError { .init(.notFound, "role \"\(name)\" does not exist") }
}

/// Where records lie in the mount.
enum AppRoleKeys {
    static let roles = "role/"
    static let roleIDs = "role-id/"
    static let secrets = "secret/"
    static let accessors = "accessor/"
    static let expiries = "expiry/"
    /// Deleted roles whose secret ids are still to be removed.
    static let leavings = "leaving/"

    static func secret(_ roleUID: String, _ hash: String) -> String { "\(secrets)\(roleUID)/\(hash)" }
    static func accessor(_ roleUID: String, _ accessor: String) -> String { "\(accessors)\(roleUID)/\(accessor)" }

    /// Sorts by time, so that what is due comes first.
    static func expiry(_ moment: Timestamp, _ roleUID: String, _ hash: String) -> String {
        let digits = String(max(0, moment.seconds))
        return expiries + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + "\(digits)/\(roleUID)/\(hash)"
    }
}
