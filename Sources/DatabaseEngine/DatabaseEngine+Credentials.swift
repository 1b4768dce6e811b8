import DatabaseClients
import Databases
package import EngineKit
import Logging
import Records
import Syntax

/// Users that come with a lease and go with it.
extension DatabaseEngine {
    var credentialPaths: [EnginePath] {
        [
            EnginePath(
                "creds/{name}", "Users of a role.", fields: [Self.nameField],
                endpoints: [.read: .init("Make a user, with a lease.") { try await makeUser($0) }])
        ]
    }

    /// The database keeps a user a little longer than the lease, so that its clock need not agree with ours to the second.
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
        let username: String
        do throws(DatabaseError) {
            username = try entry.template.make(
                .init(displayName: request.caller?.displayName ?? "", roleName: name, time: now), randomness: context.randomness,
                bytesMax: entry.plugin.usernameBytesMax)
        } catch {
            throw CofferError(error)
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
        // Whoever took this for left behind has dropped the user.
        guard try await intents.find(intent) != nil else {
            throw CofferError(.unavailable, "making the user took too long; retry")
        }
        let leased = LeasedUser(
            database: role.database, role: name, username: username, revocation: role.revocation, renewal: role.renewal,
            ttl: terms.ttl, maxTTL: terms.maxTTL, intent: intent)
        var response = Response.data(["username": .string(username), "password": .string(password)])
        response.lease = .grant(LeaseGrant(ttl: terms.ttl, maxTTL: terms.maxTTL, data: leased.stored))
        response.afterRecording = { await handOver(intent) }
        return response
    }

    /// Seconds.
    private func terms(_ role: Role) -> (ttl: Int, maxTTL: Int) {
        let mountMax = context.maxTTL > 0 ? context.maxTTL : context.systemMaxTTL
        let maxTTL = role.maxTTL > 0 ? min(role.maxTTL, mountMax) : mountMax
        let mountDefault = context.defaultTTL > 0 ? context.defaultTTL : context.systemDefaultTTL
        return (min(role.defaultTTL > 0 ? role.defaultTTL : mountDefault, maxTTL), maxTTL)
    }

    // MARK: Intents

    private func begin(_ intent: UserIntent) async throws -> String {
        let id = context.randomness.uuid()
        var batch = Batch()
        intents.put(id, intent, if: .absent, into: &batch)
        try await storage.commit(batch)
        return id
    }

    private func end(_ intent: String, after error: DatabaseError) async {
        if case .uncertain = error {
            progress.change { _ = $0.abandoned.insert(intent) }
        } else {
            await forget(intent)
        }
    }

    /// The lease is on record; from now on it is what drops the user.
    private func handOver(_ intent: String) async {
        progress.change { _ = $0.handedOver.insert(intent) }
        await forget(intent)
    }

    /// Should it fail, the periodic work does it again.
    func forget(_ intent: String) async {
        guard !intent.isEmpty else { return }
        var batch = Batch()
        intents.delete(intent, into: &batch)
        do {
            try await storage.commit(batch)
            progress.change { state in
                state.handedOver.remove(intent)
                state.abandoned.remove(intent)
            }
        } catch {
            context.logger.warning("a write-ahead record could not be deleted; it will be tried again")
        }
    }

    // MARK: Leases

    package func revoke(_ lease: HeldLease) async throws {
        guard let user = LeasedUser(stored: lease.data) else { throw StorageError.corrupted(key: lease.id) }
        let role = try await roles.find(user.role)?.value
        let (_, entry) = try await database(user.database)
        do throws(DatabaseError) {
            try await entry.driver.deleteUser(
                user.username,
                statements: role.map { $0.database == user.database ? $0.revocation : user.revocation } ?? user.revocation)
        } catch {
            throw CofferError(error)
        }
        await forget(user.intent)
    }

    package func renew(_ lease: HeldLease, increment: Int) async throws -> LeaseGrant {
        guard var user = LeasedUser(stored: lease.data) else { throw StorageError.corrupted(key: lease.id) }
        // The role decides as it is today; without one nobody vouches for the user any more.
        guard let role = try await roles.find(user.role)?.value, role.database == user.database else {
            throw CofferError.invalid("could not find role with name \"\(user.role)\" for this database, not renewing")
        }
        (user.ttl, user.maxTTL) = terms(role)
        user.renewal = role.renewal
        let last = lease.issuedAt.adding(seconds: user.maxTTL)
        let end = min(now.adding(seconds: increment > 0 ? increment : user.ttl), last)
        guard end > now else { throw CofferError.invalid("the lease has reached its max_ttl") }
        let (_, entry) = try await database(user.database)
        do throws(DatabaseError) {
            try await entry.driver.renewUser(
                user.username, until: end.adding(seconds: Self.graceSeconds), statements: user.renewal)
        } catch {
            throw CofferError(error)
        }
        return LeaseGrant(ttl: end.secondsRoundedUp(since: now), maxTTL: user.maxTTL, data: user.stored)
    }
}
