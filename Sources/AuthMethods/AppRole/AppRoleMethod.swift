package import EngineKit
import LoginGuards
import Records
package import Syntax

/// The `approle` method, by which machines log in: a role id names the role, and a secret id proves the right to use it.
package struct AppRoleMethod: LockingEngine, RoleNamingAuthMethod, PeriodicEngine {
    let roles: RecordTable<AppRole>
    let secretIDs: SecretIDs
    let lockouts: Lockouts
    let key: MountKey
    let context: MountContext
    private let sweep: SecretIDSweep

    /// Creates the method for a mount.
    package init(_ context: MountContext) {
        self.context = context
        key = MountKey(storage: context.storage, randomness: context.randomness)
        lockouts = Lockouts(context, key: key)
        roles = RecordTable(storage: context.storage, prefix: AppRoleKeys.roles, parsedMax: 1_024)
        secretIDs = SecretIDs(
            storage: context.storage, key: key, time: context.time, randomness: context.randomness)
        sweep = SecretIDSweep(secretIDs, time: context.time, logger: context.logger)
    }

    /// The declared paths, in the order in which they are tried.
    package var paths: [EnginePath] {
        // A path with a literal segment comes before one with a capture in that place.
        [login] + secretIDPaths + fieldPaths + [roleID] + rolePaths + [tidy]
    }

    /// Removes a bounded number of expired secret ids. Called about once a second.
    package func runRound() async { await sweep.run() }

    /// Returns the role ids that are locked now.
    package func lockedNames() async throws -> [String] { try await lockouts.locked() }
    /// Unlocks a role id.
    package func unlock(_ name: String) async throws { try await lockouts.unlock(name) }

    /// Returns the name of the role whose id a login sends, for quotas that name a role.
    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath == "login", let id = body["role_id"]?.stringValue, id.utf8.count <= AppRole.roleIDBytesMax else {
            return nil
        }
        return try await role(id: id)?.name
    }
}

extension AppRoleMethod {
    /// Describes the method to the catalog.
    package static let description = EngineDescription(
        type: "approle", summary: "Logs machines in with a role id and a secret id.", locksNames: true
    ) { context in AppRoleMethod(context) }

    static let roleField = Field("role_name", .string, required: true, "Name of the role. Upper and lower case are the same.")

    /// The roles at their paths.
    var named: NamedRecords<AppRole> { NamedRecords(table: roles, folder: "role", name: Self.roleField) }

    /// Returns the role that the path names and the version of its record.
    ///
    /// - Throws: A refusal with the name if there is no such role.
    func existingRole(_ request: Request) async throws -> (role: AppRole, version: UInt64) {
        let name = try await named.name(of: request)
        guard let found = try await roles.find(name) else { throw Self.unknownRole(name) }
        return (found.value, found.version)
    }

    static func unknownRole(_ name: String) -> CofferError { .init(.notFound, "role \"\(name)\" does not exist") }
}

/// The keys of the records in the mount's storage.
enum AppRoleKeys {
    static let roles = "role/"
    static let roleIDs = "role-id/"
    static let secrets = "secret/"
    static let accessors = "accessor/"
    static let expiries = "expiry/"
    /// The prefix of the names of deleted roles whose secret ids have not been removed yet.
    static let leavings = "leaving/"

    static func secret(_ roleUID: String, _ hash: String) -> String { "\(secrets)\(roleUID)/\(hash)" }
    static func accessor(_ roleUID: String, _ accessor: String) -> String { "\(accessors)\(roleUID)/\(accessor)" }

    /// Returns the key of an index entry. Entries sort by time, so the secret ids that expire first come first.
    static func expiry(_ moment: Timestamp, _ roleUID: String, hash: String) -> String {
        let digits = String(max(0, moment.seconds))
        return expiries + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + "\(digits)/\(roleUID)/\(hash)"
    }
}
