import DatabaseClients

extension OwnerTables {
    /// Returns whether the tables have been set up, after checking that nobody has weakened them.
    ///
    /// - Throws: ``PostgresStorageError/unsafeOwnerTables(_:)`` with the first thing that is not as it must be.
    func areSetUp(_ connection: PostgresConnection) throws -> Bool {
        guard try one(connection, "SELECT to_regclass($1)::text", values: [schema + ".records"]) != nil else { return false }
        try checkRoles(connection)
        try checkTable(connection)
        try checkPolicies(connection)
        try checkFunctions(connection)
        return true
    }

    private func checkRoles(_ connection: PostgresConnection) throws {
        for role in ["session_user"] + Role.allCases.map({ "'\($0.rawValue)'" }) {
            let privileged = try one(
                connection,
                """
                SELECT r.rolname FROM pg_catalog.pg_roles r
                WHERE (r.rolsuper OR r.rolbypassrls) AND pg_catalog.pg_has_role(\(role)::name, r.oid, 'MEMBER') LIMIT 1
                """)
            guard let privileged else { continue }
            let name = try one(connection, "SELECT \(role)::text") ?? ""
            throw PostgresStorageError.unsafeOwnerTables(
                "the role \(name) is a superuser or may bypass row-level security (as \(privileged))")
        }
        let member = try one(
            connection,
            """
            SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.rolname LIKE 'coffer\\_%'
                AND r.rolname IN ('coffer_owner', 'coffer_read', 'coffer_serve', 'coffer_tend')
                AND (pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') OR r.rolcanlogin) LIMIT 1
            """)
        if let member {
            throw PostgresStorageError.unsafeOwnerTables(
                "the server's login is a member of \(member), or somebody can log in as it")
        }
    }

    private func checkTable(_ connection: PostgresConnection) throws {
        let table = "\(schema).records"
        let row =
            try connection.execute(
                """
                SELECT c.relrowsecurity, c.relforcerowsecurity, pg_catalog.pg_get_userbyid(c.relowner),
                    pg_catalog.pg_get_userbyid(n.nspowner), pg_catalog.has_schema_privilege(session_user, n.oid, 'CREATE')
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid = $1::regclass
                """, [table]
            ).first ?? []
        guard row == ["t", "t", Role.owner.rawValue, Role.owner.rawValue, "f"] else {
            throw PostgresStorageError.unsafeOwnerTables(
                "row-level security of \(table) is not enabled and forced, or the table or its schema does not belong to coffer_owner"
            )
        }
        let granted = try connection.execute(
            """
            SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee) END || ' ' || a.privilege_type
            FROM pg_catalog.pg_class c, LATERAL pg_catalog.aclexplode(c.relacl) a
            WHERE c.oid = $1::regclass AND a.grantee <> c.relowner
            UNION ALL SELECT 'a column' FROM pg_catalog.pg_attribute t WHERE t.attrelid = $1::regclass AND t.attacl IS NOT NULL
            """, [table]
        ).compactMap { $0.first ?? nil }
        let expected = Set(Role.allCases.flatMap { role in role.rights.map { "\(role.rawValue) \($0)" } })
        guard Set(granted) == expected else {
            let difference = Set(granted).symmetricDifference(expected).sorted().joined(separator: ", ")
            throw PostgresStorageError.unsafeOwnerTables("privileges of \(table) are not as they were set up: \(difference)")
        }
    }

    private func checkPolicies(_ connection: PostgresConnection) throws {
        let rows = try connection.execute(
            """
            SELECT p.polname, p.polpermissive, p.polcmd,
                (SELECT pg_catalog.string_agg(pg_catalog.pg_get_userbyid(r), ',') FROM pg_catalog.unnest(p.polroles) r),
                pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
            FROM pg_catalog.pg_policy p WHERE p.polrelid = $1::regclass
            """, ["\(schema).records"])
        let found = Set(rows.map { row in row.map { $0 ?? "" } })
        let expected = Set(
            Self.policies.map { policy in
                [
                    policy.name, policy.isRestrictive ? "f" : "t", policy.command == "SELECT" ? "r" : "*", policy.role.rawValue,
                    policy.condition, policy.isForWrites ? policy.condition : "",
                ]
            })
        guard found == expected else {
            let names = found.symmetricDifference(expected).compactMap(\.first).sorted()
            throw PostgresStorageError.unsafeOwnerTables("policies are missing, changed or added: \(names.joined(separator: ", "))")
        }
    }

    private func checkFunctions(_ connection: PostgresConnection) throws {
        let rows = try connection.execute(
            """
            SELECT p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), pg_catalog.pg_get_userbyid(p.proowner),
                p.prosecdef AND p.proconfig = ARRAY['search_path=pg_catalog, pg_temp'], p.prosrc
            FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            WHERE n.oid = pg_catalog.to_regnamespace($1)
            """, [schema])
        let found = Set(rows.map { row in row.map { $0 ?? "" } })
        let expected = Set(Self.functions.map { [$0.name, $0.parameters, $0.role.rawValue, "t", source(of: $0)] })
        guard found == expected else {
            let names = found.symmetricDifference(expected).compactMap(\.first)
            throw PostgresStorageError.unsafeOwnerTables(
                "functions are missing, changed or added: \(Set(names).sorted().joined(separator: ", "))")
        }
    }

    private func one(
        _ connection: PostgresConnection, _ statement: String, values: [String] = []
    ) throws(DatabaseError) -> String? {
        try connection.execute(statement, values).first?.first ?? nil
    }
}
