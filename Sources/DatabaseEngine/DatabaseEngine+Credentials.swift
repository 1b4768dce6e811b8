import DatabaseClients
import Databases
package import EngineKit
import Logging
import Records
import Syntax

/// Users that are created with a lease and dropped when it ends.
extension DatabaseEngine {
    var credentialPaths: [EnginePath] {
        [
            EnginePath("creds/{name}", "Users of a role.", fields: [Self.nameField])
                .reading("Create a user, with a lease.", changesNothing: false) { try await makeUser($0) }
        ]
    }

    /// How much longer than the lease the database keeps a user, because its clock may differ from ours.
    private static let graceSeconds = 5

    private func makeUser(_ request: Request) async throws -> Response {
        let name = try name(request)
        guard let role = try await roles.find(name)?.value else { throw CofferError.invalid("unknown role: \(name)") }
        let (configuration, entry) = try await database(role.database)
        guard configuration.allows(role: name) else {
            throw CofferError.invalid("\"\(name)\" is not an allowed role of the connection \"\(role.database)\"")
        }
        let terms = terms(role)
        let password = try await password(policy: role.passwordPolicy.isEmpty ? configuration.passwordPolicy : role.passwordPolicy)
        let username = try await refusing {
            try entry.template.make(
                .init(displayName: request.caller?.displayName ?? "", roleName: name, time: now), randomness: context.randomness,
                bytesMax: entry.plugin.usernameBytesMax)
        }
        let intent = try await begin(
            UserIntent(
                database: role.database, username: username, revocation: role.revocation, createdAt: now, process: process))
        do throws(DatabaseError) {
            try await entry.driver.createUser(
                NewUser(
                    name: username, password: password, expiresAt: now.adding(seconds: terms.ttl + Self.graceSeconds),
                    creation: role.creation, rollback: role.rollback))
        } catch {
            await end(intent, after: error)
            throw CofferError(error)
        }
        // If the intent is gone, the recovery after a crash has taken it for abandoned and dropped the user.
        guard try await intents.find(intent) != nil else {
            throw CofferError(.unavailable, "creating the user took too long, so it was dropped again; try again")
        }
        let leased = LeasedUser(
            database: role.database, role: name, username: username, revocation: role.revocation, renewal: role.renewal,
            ttl: terms.ttl, maxTTL: terms.maxTTL, intent: intent)
        var response = Response.data(["username": .string(username), "password": .string(password)])
        response.lease = .grant(LeaseGrant(ttl: terms.ttl, maxTTL: terms.maxTTL, data: leased.stored))
        response.afterRecording = { await handOver(intent) }
        return response
    }

    /// Returns the TTLs of a lease in seconds: the role's, within those of the mount and the system.
    private func terms(_ role: Role) -> (ttl: Int, maxTTL: Int) {
        let mountMax = context.maxTTL > 0 ? context.maxTTL : context.systemMaxTTL
        let maxTTL = role.maxTTL > 0 ? min(role.maxTTL, mountMax) : mountMax
        let mountDefault = context.defaultTTL > 0 ? context.defaultTTL : context.systemDefaultTTL
        return (min(role.defaultTTL > 0 ? role.defaultTTL : mountDefault, maxTTL), maxTTL)
    }

    // MARK: Intents

    private func begin(_ intent: UserIntent) async throws -> String {
        let id = context.randomness.uuid()
        try await intents.put(id, intent, if: .absent)
        return id
    }

    private func end(_ intent: String, after error: DatabaseError) async {
        if case .uncertain = error {
            progress.change { _ = $0.abandoned.insert(intent) }
        } else {
            await forget(intent)
        }
    }

    /// Deletes the intent, because the lease is on record and will drop the user.
    private func handOver(_ intent: String) async {
        progress.change { _ = $0.handedOver.insert(intent) }
        await forget(intent)
    }

    /// Deletes an intent. If that fails, the periodic work tries again.
    func forget(_ intent: String) async {
        guard !intent.isEmpty else { return }
        do {
            try await intents.delete(intent)
            progress.change { state in
                state.handedOver.remove(intent)
                state.abandoned.remove(intent)
            }
        } catch {
            context.logger.warning("a write-ahead record could not be deleted; the next round tries again")
        }
    }

    // MARK: Leases

    /// Drops the user of a lease.
    package func revoke(_ lease: HeldLease) async throws {
        guard let user = LeasedUser(stored: lease.data) else { throw StorageError.corrupted(key: lease.id) }
        let role = try await roles.find(user.role)?.value
        let (_, entry) = try await database(user.database)
        try await refusing {
            try await entry.driver.deleteUser(
                user.username,
                statements: role.map { $0.database == user.database ? $0.revocation : user.revocation } ?? user.revocation)
        }
        await forget(user.intent)
    }

    /// Extends a lease and, where the server knows such a thing, the time until which its user's password is valid.
    package func renew(_ lease: HeldLease, increment: Int) async throws -> LeaseGrant {
        guard var user = LeasedUser(stored: lease.data) else { throw StorageError.corrupted(key: lease.id) }
        // The role of today decides. Without a role, the lease is not renewed.
        guard let role = try await roles.find(user.role)?.value, role.database == user.database else {
            throw CofferError.invalid(
                "could not find role with name \"\(user.role)\" for this database, so the lease is not renewed")
        }
        (user.ttl, user.maxTTL) = terms(role)
        user.renewal = role.renewal
        let last = lease.issuedAt.adding(seconds: user.maxTTL)
        let end = min(now.adding(seconds: increment > 0 ? increment : user.ttl), last)
        guard end > now else { throw CofferError.invalid("the lease has reached its max_ttl") }
        let (_, entry) = try await database(user.database)
        try await refusing { [user] in
            try await entry.driver.renewUser(
                user.username, until: end.adding(seconds: Self.graceSeconds), statements: user.renewal)
        }
        return LeaseGrant(ttl: end.secondsRoundedUp(since: now), maxTTL: user.maxTTL, data: user.stored)
    }
}
