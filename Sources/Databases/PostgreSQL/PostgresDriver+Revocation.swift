import DatabaseClients

/// Taking users away.
extension PostgresDriver {
    func deleteUser(_ name: String, statements: [String]) async throws(DatabaseError) {
        guard name != user else { throw .invalid("the user that Coffer itself logs in with is not dropped") }
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
    /// Locks the role out, ends its sessions, hands what it owns to our user, takes its rights and drops it.
    ///
    /// Rights and objects in other databases of the server keep a role from being dropped; then it stays locked out,
    /// and revocation_statements of the role must say what to do.
    fileprivate func dropRole(_ name: String, id: String) throws(DatabaseError) {
        let role = try identifier(name)
        // On its own, so that it holds whatever comes of the rest.
        try execute("ALTER ROLE \(role) NOLOGIN")
        try begin()
        do throws(DatabaseError) {
            // Where our user is no superuser it must be a member, to end sessions and to take over what is owned.
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

    /// What may fail without harm to the transaction around it.
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
