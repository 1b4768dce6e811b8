import DatabaseClients

/// The revocation of users.
extension PostgresDriver {
    func deleteUser(_ name: String, statements: [String]) async throws(DatabaseError) {
        guard name != user else { throw .invalid("this is the user that Coffer logs in with, which cannot be dropped") }
        let script = try SQLScript.statements(statements)
        try await pool.use { connection throws(DatabaseError) in
            guard let id = try connection.roleID(name) else { return }
            if script.isEmpty {
                try connection.dropRole(name, id: id)
            } else {
                let values = SQLSubstitution(name: name)
                try connection.transaction(try script.map(values.apply(to:)))
            }
        }
    }
}

extension PostgresConnection {
    /// Disables the role, ends its sessions, transfers what it owns to the configured user, revokes its privileges and
    /// drops it.
    ///
    /// A role with privileges or objects in other databases of the server cannot be dropped. It stays disabled, and needs
    /// revocation_statements.
    fileprivate func dropRole(_ name: String, id: String) throws(DatabaseError) {
        let role = try identifier(name)
        // A separate statement, so that it takes effect whatever happens to the rest.
        try execute("ALTER ROLE \(role) NOLOGIN")
        try begin()
        do throws(DatabaseError) {
            // Unless the configured user is a superuser, it must be a member of the role to end its sessions and to take
            // over what it owns.
            try attempt("GRANT \(role) TO CURRENT_USER")
            try attempt(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usesysid = "
                    + "\(try literal(id))::pg_catalog.oid AND pid <> pg_catalog.pg_backend_pid()")
            try execute("REASSIGN OWNED BY \(role) TO CURRENT_USER")
            try execute("DROP OWNED BY \(role)")
            try execute("DROP ROLE IF EXISTS \(role)")
        } catch {
            if !isLost { _ = try? execute("ROLLBACK") }
            throw error
        }
        try execute("COMMIT")
    }

    /// Runs a statement that may fail without failing the transaction.
    private func attempt(_ sql: String) throws(DatabaseError) {
        try execute("SAVEPOINT coffer")
        do throws(DatabaseError) {
            try execute(sql)
            try execute("RELEASE SAVEPOINT coffer")
        } catch {
            guard !isLost else { throw error }
            try execute("ROLLBACK TO SAVEPOINT coffer")
        }
    }
}
