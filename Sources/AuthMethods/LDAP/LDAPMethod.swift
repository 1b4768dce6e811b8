package import Directories
package import EngineKit
import Logging
import LoginGuards
import Records
package import Syntax

/// The `ldap` method, by which people log in with the password that they have in a directory.
package struct LDAPMethod: LockingEngine, RoleNamingAuthMethod {
    let configurations: RecordTable<LDAPConfiguration>
    let users: RecordTable<LDAPUser>
    let groups: RecordTable<LDAPGroup>
    let directory: any Directory
    let lockouts: Lockouts
    let attempts: LoginAttempts
    let context: MountContext
    let troubles: TroubleLog
    /// How long a login that fails takes at least, in milliseconds.
    let failureMilliseconds: Int

    static let configurationName = "config"

    /// Creates the method for a mount.
    package init(_ context: MountContext, directory: any Directory, failureMilliseconds: Int) {
        configurations = RecordTable(storage: context.storage, prefix: "", parsedMax: 1)
        users = RecordTable(storage: context.storage, prefix: "user/", parsedMax: 1_024)
        groups = RecordTable(storage: context.storage, prefix: "group/", parsedMax: 1_024)
        self.directory = directory
        self.failureMilliseconds = failureMilliseconds
        lockouts = Lockouts(context, key: MountKey(storage: context.storage, randomness: context.randomness))
        attempts = LoginAttempts(lockouts)
        self.context = context
        troubles = TroubleLog(context.logger, time: context.time)
    }

    /// Describes the method to the catalog.
    ///
    /// - Parameters:
    ///   - failureMilliseconds: How long a login that fails takes at least, so that the time does not tell which users exist.
    ///   - directory: Makes the directory of a mount.
    package static func description(
        failureMilliseconds: Int = 250, directory: @escaping @Sendable () -> any Directory
    ) -> EngineDescription {
        EngineDescription(
            type: "ldap", summary: "Logs people in with their password of an LDAP directory.", locksNames: true,
            foldsAliasCase: true
        ) { context in
            LDAPMethod(context, directory: directory(), failureMilliseconds: failureMilliseconds)
        }
    }

    /// The declared paths, in the order in which they are tried.
    package var paths: [EnginePath] { [login, configuration] + userPaths + groupPaths }

    /// Returns the user of a login, for quotas that name a role. Each user counts as a role.
    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath.hasUTF8Prefix("login/") else { return nil }
        return LDAPName(String(relativePath.dropFirstUTF8(6)), keepsCase: false)?.text
    }

    /// Returns the names that are locked now.
    package func lockedNames() async throws -> [String] { try await lockouts.locked() }

    /// Unlocks a name.
    package func unlock(_ name: String) async throws {
        guard let name = LDAPName(name, keepsCase: false) else { return }
        try await lockouts.unlock(name.folded)
    }

    /// Returns the settings of the mount, or nil before any were written.
    func settings() async throws(StorageError) -> LDAPConfiguration? {
        try await configurations.find(Self.configurationName)?.value
    }
}
