import DatabaseClients
import Databases
import EngineKit
import Records

/// Rotation of the password that Coffer itself logs in with.
///
/// The new password is on disk before it is sent to the database, and the old one stays on disk until the database has
/// accepted the new one. After a crash or a lost connection in between, both are known.
extension DatabaseEngine {
    func rotateRoot(_ name: String) async throws {
        try await lines.inTurn("config/" + name) {
            guard let before = try await databases.find(name) else { throw Self.unknownConnection(name) }
            guard !before.value.username.isEmpty, !before.value.password.isEmpty else {
                throw CofferError.invalid("cannot rotate the root password: the connection has no username or no password")
            }
            if before.value.pendingPassword != nil { try await settle(name, before) }
            guard let found = try await databases.find(name) else { throw Self.unknownConnection(name) }
            var configuration = found.value
            let new = try await password(policy: configuration.passwordPolicy)
            configuration.pendingPassword = new
            let noted = try await note(name, configuration, replacing: found)
            let entry = try drivers.make(configuration)
            defer { entry.driver.close() }
            do throws(DatabaseError) {
                try await entry.driver.setPassword(
                    of: configuration.username, to: new, statements: configuration.rootRotationStatements)
            } catch {
                if case .uncertain = error { throw CofferError(error) }
                // The database did not change the password, so nothing is in doubt.
                try await finish(name, configuration, replacing: noted, with: configuration.password)
                throw CofferError(error)
            }
            try await finish(name, configuration, replacing: noted, with: new)
        }
    }

    func settleRootPassword(of name: String) async throws {
        try await lines.inTurn("config/" + name) {
            if let found = try await databases.find(name), found.value.pendingPassword != nil { try await settle(name, found) }
        }
    }

    /// Sets the new password again, logged in with whichever of the two works. The result is the same whether or not it was
    /// set before.
    private func settle(_ name: String, _ found: RecordTable<DatabaseConfiguration>.Found) async throws {
        guard let pending = found.value.pendingPassword else { return }
        var failure = DatabaseError.unavailable("the database server cannot be reached")
        for password in [pending, found.value.password] {
            let entry = try drivers.make(found.value, password: password)
            defer { entry.driver.close() }
            do throws(DatabaseError) {
                try await entry.driver.setPassword(
                    of: found.value.username, to: pending, statements: found.value.rootRotationStatements)
            } catch {
                failure = error
                continue
            }
            try await finish(name, found.value, replacing: found, with: pending)
            return
        }
        throw CofferError(
            .unavailable, "a change of the root password was interrupted and cannot be finished yet: \(failure.message)")
    }

    private func note(
        _ name: String, _ configuration: DatabaseConfiguration, replacing found: RecordTable<DatabaseConfiguration>.Found
    ) async throws -> RecordTable<DatabaseConfiguration>.Found {
        var batch = Batch()
        databases.put(name, configuration, if: found.unchanged, into: &batch)
        batch.put("wal/root/" + name, [])
        try await storage.commit(batch)
        guard let noted = try await databases.find(name) else { throw Self.unknownConnection(name) }
        return noted
    }

    private func finish(
        _ name: String, _ configuration: DatabaseConfiguration, replacing found: RecordTable<DatabaseConfiguration>.Found,
        with password: String
    ) async throws {
        var configuration = configuration
        if password != configuration.password { configuration.rotatedAt = now }
        configuration.password = password
        configuration.pendingPassword = nil
        var batch = Batch()
        databases.put(name, configuration, if: found.unchanged, into: &batch)
        batch.delete("wal/root/" + name)
        try await storage.commit(batch)
        drivers.drop(name)
    }
}
