import DatabaseClients
import Databases
import EngineKit
import Records
import Syntax

extension DatabaseEngine {
    var staticCredentialPaths: [EnginePath] {
        [
            EnginePath("static-creds/{name}", "The user of a static role.", fields: [Self.nameField])
                .reading("Read the password that is in force.", changesNothing: false) { try await readStaticUser($0) },
            EnginePath("rotate-role/{name}", "The password of a static role.", fields: [Self.nameField])
                .updatingWithoutAnswer("Change the password now.") { request in
                    let name = try name(request)
                    guard try await staticRoles.find(name) != nil else { throw Self.unknownStaticRole(name) }
                    try await rotate(name)
                },
        ]
    }

    static func unknownStaticRole(_ name: String) -> CofferError {
        .invalid("no static role found for role name: \(name)")
    }

    private func readStaticUser(_ request: Request) async throws -> Response {
        let name = try name(request)
        guard var role = try await staticRoles.find(name)?.value else { throw CofferError.invalid("unknown role: \(name)") }
        let configuration = try await databases.find(role.database)?.value
        guard configuration?.allows(role: name) ?? false else {
            throw CofferError.invalid("\"\(name)\" is not an allowed role of the connection \"\(role.database)\"")
        }
        if role.pendingPassword != nil {
            // It is not known which of two passwords is in force, so the rotation is finished first.
            try await rotate(name, onlyPending: true)
            guard let settled = try await staticRoles.find(name)?.value else { throw Self.unknownStaticRole(name) }
            role = settled
        }
        guard !role.password.isEmpty else {
            throw CofferError.invalid("the password is not known before its first rotation: write to rotate-role/\(name)")
        }
        var data: JSONObject = [
            "username": .string(role.username), "password": .string(role.password),
            "ttl": .int(role.nextRotationAt.secondsRoundedUp(since: now)),
            "last_vault_rotation": .optional(role.rotatedAt?.description),
        ]
        for member in role.rotation.shown { data[member.key] = member.value }
        return .data(data)
    }

    /// Changes the password of a static role.
    ///
    /// The new password is on disk before it is sent to the database, and stays there until the database has accepted it.
    /// If it is not known whether it has, the next attempt sets the same password again.
    func rotate(_ name: String, onlyPending: Bool = false) async throws {
        try await lines.inTurn("static-role/" + name) {
            guard let found = try await staticRoles.find(name), !onlyPending || found.value.pendingPassword != nil else { return }
            let (configuration, entry) = try await database(found.value.database)
            var role = found.value
            let wasPending = role.pendingPassword != nil
            let new: String
            if let pending = role.pendingPassword {
                new = pending
            } else {
                new = try await password(policy: role.passwordPolicy.isEmpty ? configuration.passwordPolicy : role.passwordPolicy)
            }
            role.pendingPassword = new
            let noted = wasPending ? found : try await write(name, role, replacing: found)
            do throws(DatabaseError) {
                try await entry.driver.setPassword(of: role.username, to: new, statements: role.statements)
            } catch {
                var isKnown = !wasPending
                if case .uncertain = error { isKnown = false }
                if isKnown { role.pendingPassword = nil }
                role.failures = min(role.failures + 1, 100)
                role.nextRotationAt = now.adding(seconds: Self.retrySeconds(role.failures))
                _ = try await write(name, role, replacing: noted)
                throw CofferError(error)
            }
            role.password = new
            role.pendingPassword = nil
            role.rotatedAt = now
            role.failures = 0
            role.plan(role.rotation.next(after: now))
            _ = try await write(name, role, replacing: noted)
        }
    }

    private func write(
        _ name: String, _ role: StaticRole, replacing found: RecordTable<StaticRole>.Found
    ) async throws -> RecordTable<StaticRole>.Found {
        try await save(name, role, replacing: found)
        guard let written = try await staticRoles.find(name) else { throw Self.unknownStaticRole(name) }
        return written
    }

    /// Returns the seconds until the next attempt after so many failures: 10, 20, 40 and so on up to 10 minutes.
    static func retrySeconds(_ failures: Int) -> Int { min(10 << min(max(failures - 1, 0), 10), 600) }
}
