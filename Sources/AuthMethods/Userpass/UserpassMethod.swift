package import EngineKit
import Foundation
import LoginGuards
import Records
package import Syntax

/// Logins of people: a name and a password.
package struct UserpassMethod: LockingAuthMethod, RoleNamingAuthMethod {
    let users: RecordTable<User>
    let passwords: Passwords
    let lockouts: Lockouts
    let attempts: LoginAttempts
    /// Seconds; 0 where the mount sets none.
    let maxTTL: Int

    package init(_ context: MountContext, hasher: any PasswordHasher, gate: PasswordHashLimiter) {
        users = RecordTable(storage: context.storage, prefix: "user/", parsedMax: 1_024)
        passwords = Passwords(hasher: hasher, gate: gate, randomness: context.randomness)
        let key = MountKey(storage: context.storage, randomness: context.randomness)
        lockouts = Lockouts(storage: context.storage, time: context.time, rules: context.lockout) {
            name throws(StorageError) in try await key.hash("lockout/v1", name)
        }
        attempts = LoginAttempts(lockouts)
        maxTTL = context.maxTTL
    }

    package var paths: [EnginePath] { [login, password, policies] + userPaths }

    /// Every user is a role of its own.
    package func loginRole(_ relativePath: Substring, _ body: JSONObject) async throws -> String? {
        guard relativePath.hasUTF8Prefix("login/") else { return nil }
        return AccountName(String(relativePath.dropFirstUTF8(6)), allowsAt: true)?.text
    }

    package func lockedNames() async throws -> [String] { try await lockouts.locked() }

    package func unlock(_ name: String) async throws {
        guard let name = AccountName(name, allowsAt: true) else { return }
        try await lockouts.unlock(name.text)
    }
}

extension PasswordHashLimiter {
    /// Half the cores, so that the other half serves; four hashes, or 128 MiB, at most.
    package static var ofThisMachine: PasswordHashLimiter {
        PasswordHashLimiter(runningMax: min(4, max(1, ProcessInfo.processInfo.activeProcessorCount / 2)))
    }
}

extension UserpassMethod {
    /// One gate for all mounts: what it guards is the machine's.
    package static func description(
        hasher: any PasswordHasher = ScryptHasher(), gate: PasswordHashLimiter = .ofThisMachine
    ) -> EngineDescription {
        EngineDescription(
            type: "userpass", summary: "Logins of people with a name and a password.", locksNames: true, foldsAliasCase: true
        ) { context in
            UserpassMethod(context, hasher: hasher, gate: gate)
        }
    }

    static let nameField = Field("username", .string, required: true, "Name of the user; letters of either case are one.")
    static let passwordField = Field("password", .string, "The password.")

    func name(_ request: Request) throws(CofferError) -> String {
        guard let name = AccountName(request.captures["username"], allowsAt: true) else {
            throw .invalid(
                "field 'username' may have letters, digits, '_', '-', '.' and '@', and \(AccountName.bytesMax) bytes at most")
        }
        return name.text
    }

    func user(_ request: Request) async throws -> User? {
        guard let name = AccountName(request.captures["username"], allowsAt: true) else { return nil }
        return try await users.find(name.text)?.value
    }
}
