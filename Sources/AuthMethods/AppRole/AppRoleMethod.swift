package import EngineKit
import LoginGuards
import Records
package import Syntax

/// Logins of machines: a role id says which role, a secret id proves it.
package struct AppRoleMethod: LockingAuthMethod, RoleNamingAuthMethod, PeriodicEngine {
    let roles: RecordTable<AppRole>
    let secretIDs: SecretIDs
    let lockouts: Lockouts
    let key: MountKey
    let storage: any Storage
    let time: any TimeSource
    let randomness: any Randomness
    /// Seconds; 0 where the mount sets none.
    let maxTTL: Int
    private let sweep: SecretIDSweep

    package init(_ context: MountContext) {
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
        sweep = SecretIDSweep(secretIDs, time: context.time, logger: context.logger)
    }

    package var paths: [EnginePath] {
        // A path of two literals comes before the one with a capture in its place.
        [login] + secretIDPaths + fieldPaths + [roleID] + rolePaths + [tidy]
    }

    package func runRound() async { await sweep.run() }

    /// Role ids.
    package func lockedNames() async throws -> [String] { try await lockouts.locked() }
    package func unlock(_ name: String) async throws { try await lockouts.unlock(name) }

    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath == "login", let id = body["role_id"]?.stringValue, id.utf8.count <= AppRole.roleIDBytesMax else {
            return nil
        }
        return try await role(id: id)?.name
    }
}

extension AppRoleMethod {
    package static let description = EngineDescription(
        type: "approle", summary: "Logins of machines with a role id and a secret id.", locksNames: true
    ) { context in AppRoleMethod(context) }

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
