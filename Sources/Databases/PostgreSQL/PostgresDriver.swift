import DatabaseClients
import EngineKit
import Syntax

/// The driver of PostgreSQL.
struct PostgresDriver: DatabaseDriver {
    let pool: ConnectionPool<PostgresConnection>
    /// The user that logs in, which no revocation may drop.
    let user: String
    /// Whether the server is sent SCRAM verifiers in place of passwords.
    let usesSCRAM: Bool

    init(_ settings: DriverSettings) throws(DatabaseError) {
        let target = try PostgresTarget(
            url: settings.details["connection_url"]?.stringValue ?? "", username: settings.username, password: settings.password,
            details: settings.details)
        user = target.user
        switch settings.details["password_authentication"]?.stringValue ?? "" {
        case "", "password": usesSCRAM = false
        case "scram-sha-256": usesSCRAM = true
        default: throw .invalid("password_authentication must be password or scram-sha-256")
        }
        pool = ConnectionPool(limits: try PoolSettings(settings.details).limits(), time: settings.time) {
            () throws(DatabaseError) in
            try PostgresConnection(target)
        }
    }

    func verifyConnection() async throws(DatabaseError) {
        try await pool.use { connection throws(DatabaseError) in _ = try connection.execute("SELECT 1") }
    }

    // MARK: Making

    func createUser(_ user: NewUser) async throws(DatabaseError) {
        guard !user.creation.isEmpty else { throw .invalid("the role has no creation_statements") }
        let (creation, rollback) = (try SQLScript.statements(user.creation), try SQLScript.statements(user.rollback))
        guard !creation.isEmpty else { throw .invalid("the role has no creation_statements") }
        try await pool.use { connection throws(DatabaseError) in
            let values = SQLSubstitution(
                name: user.name, password: try secret(user.password, of: user.name, connection),
                expiration: Self.time(user.expiresAt))
            do throws(DatabaseError) {
                try connection.transaction(try creation.map(values.apply(to:)))
            } catch {
                if !rollback.isEmpty, !connection.isLost { try? connection.transaction(try rollback.map(values.apply(to:))) }
                throw error
            }
        }
    }

    func renewUser(_ name: String, until end: Timestamp, statements: [String]) async throws(DatabaseError) {
        let script = try SQLScript.statements(
            statements.isEmpty ? [#"ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'"#] : statements)
        try await pool.use { connection throws(DatabaseError) in
            let values = SQLSubstitution(name: name, expiration: Self.time(end))
            try connection.transaction(try script.map(values.apply(to:)))
        }
    }

    func setPassword(of name: String, to password: String, statements: [String]) async throws(DatabaseError) {
        let script = try SQLScript.statements(
            statements.isEmpty ? [#"ALTER ROLE "{{name}}" WITH PASSWORD '{{password}}'"#] : statements)
        try await pool.use { connection throws(DatabaseError) in
            guard try connection.roleID(name) != nil else { throw .failed("the user does not exist in the database") }
            let values = SQLSubstitution(name: name, password: try secret(password, of: name, connection))
            try connection.transaction(try script.map(values.apply(to:)))
        }
    }

    private func secret(_ password: String, of name: String, _ connection: PostgresConnection) throws(DatabaseError) -> String {
        usesSCRAM ? try connection.scramVerifier(of: password, user: name) : password
    }

    /// `2026-11-21 06:00:47+0000`
    static func time(_ time: Timestamp) -> String { GoTimeLayout.format(time, layout: "2006-01-02 15:04:05-0700") }

    func prune() { pool.prune() }
    func close() { pool.close() }
}

extension PostgresConnection {
    /// Runs all statements in a transaction. The error says whether it is certain that none of them took effect.
    func transaction(_ statements: [String]) throws(DatabaseError) {
        try begin()
        do throws(DatabaseError) {
            for statement in statements {
                try execute(statement)
                guard isInTransaction else { throw .uncertain("a statement ended the transaction that it ran in") }
            }
        } catch {
            // The server rolls back the transaction of a lost session.
            if !isLost { _ = try? execute("ROLLBACK") }
            throw error
        }
        do throws(DatabaseError) {
            try execute("COMMIT")
        } catch {
            guard isLost else { throw error }
            throw .uncertain("the database was lost in the middle of a change; Coffer finds out what became of it")
        }
    }

    /// Begins a transaction and waits for its turn, because concurrent transactions that grant or drop fail with "tuple
    /// concurrently updated".
    func begin() throws(DatabaseError) {
        try execute("BEGIN")
        do throws(DatabaseError) {
            // The key of the lock is "Coffer" in ASCII.
            try execute("SELECT pg_catalog.pg_advisory_xact_lock(74145738417522)")
        } catch {
            if !isLost { _ = try? execute("ROLLBACK") }
            throw error
        }
    }

    /// Returns the object id of a role, or nil if there is none.
    func roleID(_ name: String) throws(DatabaseError) -> String? {
        try execute("SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1", [name]).first?.first ?? nil
    }
}
