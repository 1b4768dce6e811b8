package import EngineKit
import Foundation
import LoginGuards
import Records
package import Syntax

/// The `userpass` method, by which people log in with a name and a password.
package struct UserpassMethod: LockingEngine, RoleNamingAuthMethod {
    let users: RecordTable<User>
    let passwords: Passwords
    let lockouts: Lockouts
    let attempts: LoginAttempts
    let context: MountContext

    /// Creates the method for a mount.
    package init(_ context: MountContext, hasher: any PasswordHasher, gate: PasswordHashLimiter) {
        users = RecordTable(storage: context.storage, prefix: "user/", parsedMax: 1_024)
        passwords = Passwords(hasher: hasher, gate: gate, randomness: context.randomness)
        lockouts = Lockouts(context, key: MountKey(storage: context.storage, randomness: context.randomness))
        attempts = LoginAttempts(lockouts)
        self.context = context
    }

    /// The declared paths, in the order in which they are tried.
    package var paths: [EnginePath] { [login, password, policies] + userPaths }

    /// Returns the user of a login, for quotas that name a role. Each user counts as a role.
    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath.hasUTF8Prefix("login/") else { return nil }
        return Self.userName(String(relativePath.dropFirstUTF8(6)))
    }

    /// Returns the names that are locked now.
    package func lockedNames() async throws -> [String] { try await lockouts.locked() }

    /// Unlocks a name.
    package func unlock(_ name: String) async throws {
        guard let name = Self.userName(name) else { return }
        try await lockouts.unlock(name)
    }
}

extension PasswordHashLimiter {
    /// A limiter that lets hashes use half of the cores, but at most four, and so at most 128 MiB.
    package static var ofThisMachine: PasswordHashLimiter {
        PasswordHashLimiter(runningMax: min(4, max(1, ProcessInfo.processInfo.activeProcessorCount / 2)))
    }
}

extension UserpassMethod {
    /// Describes the method to the catalog. All mounts share one limiter, because it protects the machine.
    package static func description(
        hasher: any PasswordHasher = ScryptHasher(), gate: PasswordHashLimiter = .ofThisMachine
    ) -> EngineDescription {
        EngineDescription(
            type: "userpass", summary: "Logs people in with a name and a password.", locksNames: true, foldsAliasCase: true
        ) { context in
            UserpassMethod(context, hasher: hasher, gate: gate)
        }
    }

    static let nameField = Field("username", .string, required: true, "Name of the user. Upper and lower case are the same.")
    static let passwordField = Field("password", .string, "The password.")

    /// Returns the name of a user in canonical form, or nil for a text that no user can be named by.
    static func userName(_ text: String) -> String? { AccountName(text, allowsAt: true)?.text }
}
