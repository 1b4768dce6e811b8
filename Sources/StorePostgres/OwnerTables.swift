import DatabaseClients
import Syntax

/// The table of the records that belong to owners, behind row-level security, and the functions that are the only way to it.
///
/// The administrator of the database creates them with ``setUp``, because the login of the server must be able to neither change
/// nor own them. Each function belongs to a role that can do nothing else and has a policy of the table; see `docs/postgresql.md`.
struct OwnerTables: Sendable {
    /// The schema, which has nothing else in it.
    let schema: String
    /// The names of the roles, which a server has once for all of its databases.
    enum Role: String, CaseIterable, Sendable {
        /// Owns the table and the schema; nobody logs in as it.
        case owner = "coffer_owner"
        /// Reads the records of one owner.
        case read = "coffer_read"
        /// Writes records of the owners that a transaction names.
        case serve = "coffer_serve"
        /// Reads the records of everybody: for sealing them with a new key, for unmounting, and for backups.
        case tend = "coffer_tend"

        var rights: Set<String> {
            switch self {
            case .owner: []
            case .read, .tend: ["SELECT"]
            case .serve: ["SELECT", "INSERT", "UPDATE", "DELETE"]
            }
        }
    }

    /// A policy of the table, as `pg_policies` shows it.
    struct Policy: Hashable, Sendable {
        var name: String
        var isRestrictive: Bool
        var role: Role
        var command: String
        var condition: String
        var isForWrites: Bool

        var created: String {
            "CREATE POLICY \(name) ON %SCHEMA%.records AS \(isRestrictive ? "RESTRICTIVE" : "PERMISSIVE") FOR \(command) "
                + "TO \(role.rawValue) USING (\(condition))" + (isForWrites ? " WITH CHECK (\(condition))" : "")
        }
    }

    /// A function of the schema, which acts as its role.
    struct Function: Hashable, Sendable {
        var name: String
        var parameters: String
        var result: String
        var role: Role
        var body: String
    }

    init(table: String) { schema = "\"\(table)_owned\"" }

    private static let oneOwner = "(owner = decode(NULLIF(current_setting('coffer.owner'::text, true), ''::text), 'hex'::text))"
    private static let someOwners =
        "(owner = ANY ((NULLIF(current_setting('coffer.owners'::text, true), ''::text))::bytea[]))"

    /// The policies. Permissive ones are joined by OR, so each serving role also has a restrictive one, which a permissive policy
    /// that somebody adds later cannot widen.
    static let policies: [Policy] = [
        Policy(name: "read_own", isRestrictive: false, role: .read, command: "SELECT", condition: oneOwner, isForWrites: false),
        Policy(name: "read_fence", isRestrictive: true, role: .read, command: "ALL", condition: oneOwner, isForWrites: true),
        Policy(name: "serve_own", isRestrictive: false, role: .serve, command: "ALL", condition: someOwners, isForWrites: true),
        Policy(name: "serve_fence", isRestrictive: true, role: .serve, command: "ALL", condition: someOwners, isForWrites: true),
        Policy(name: "tend_all", isRestrictive: false, role: .tend, command: "SELECT", condition: "true", isForWrites: false),
    ]

    /// The functions. Each first says for which owners it acts, then reads or writes as its role. A setting that is made in a
    /// transaction ends with it.
    static let functions: [Function] = [
        Function(
            name: "get", parameters: "o bytea, h bytea, m bytea", result: "TABLE(version bigint, value bytea)", role: .read,
            body: """
                PERFORM set_config('coffer.owner', encode(o, 'hex'), true);
                RETURN QUERY SELECT r.version, r.value FROM %SCHEMA%.records r WHERE r.owner = o AND r.head = h AND r.mark = m;
                """),
        Function(
            name: "keys", parameters: "o bytea, h bytea, t bytea, is_after boolean, l bigint",
            result: "TABLE(head bytea, tail bytea)", role: .read,
            body: """
                PERFORM set_config('coffer.owner', encode(o, 'hex'), true);
                RETURN QUERY SELECT r.head, r.tail FROM %SCHEMA%.records r
                WHERE r.owner = o AND r.head >= h AND (r.head, r.tail) >= (h, t) AND (NOT is_after OR (r.head, r.tail) <> (h, t))
                ORDER BY r.head, r.tail LIMIT l;
                """),
        Function(
            name: "get_any", parameters: "o bytea, h bytea, m bytea", result: "TABLE(version bigint, value bytea)", role: .tend,
            body: """
                RETURN QUERY SELECT r.version, r.value FROM %SCHEMA%.records r WHERE r.owner = o AND r.head = h AND r.mark = m;
                """),
        Function(
            name: "keys_of_all", parameters: "h bytea, t bytea, is_after boolean, l bigint",
            result: "TABLE(head bytea, tail bytea)", role: .tend,
            body: """
                RETURN QUERY SELECT r.head, r.tail FROM %SCHEMA%.records r
                WHERE r.head >= h AND (r.head, r.tail) >= (h, t) AND (NOT is_after OR (r.head, r.tail) <> (h, t))
                ORDER BY r.head, r.tail LIMIT l;
                """),
        Function(
            name: "versions", parameters: "allowed bytea[], o bytea[], h bytea[], m bytea[]",
            result: "TABLE(number bigint, version bigint)", role: .serve,
            body: """
                PERFORM set_config('coffer.owners', allowed::text, true);
                RETURN QUERY SELECT k.number, r.version FROM unnest(o, h, m) WITH ORDINALITY AS k (owner, head, mark, number)
                JOIN %SCHEMA%.records r ON r.owner = k.owner AND r.head = k.head AND r.mark = k.mark;
                """),
        Function(
            name: "put", parameters: "allowed bytea[], o bytea[], h bytea[], m bytea[], t bytea[], n bigint[], v bytea[]",
            result: "void", role: .serve,
            body: """
                PERFORM set_config('coffer.owners', allowed::text, true);
                INSERT INTO %SCHEMA%.records (owner, head, mark, tail, version, value) SELECT * FROM unnest(o, h, m, t, n, v)
                ON CONFLICT ON CONSTRAINT records_pkey DO UPDATE SET version = excluded.version, value = excluded.value;
                """),
        Function(
            name: "remove", parameters: "allowed bytea[], o bytea[], h bytea[], m bytea[]", result: "void", role: .serve,
            body: """
                PERFORM set_config('coffer.owners', allowed::text, true);
                DELETE FROM %SCHEMA%.records r USING unnest(o, h, m) AS k (owner, head, mark)
                WHERE r.owner = k.owner AND r.head = k.head AND r.mark = k.mark;
                """),
    ]

    /// The function's body as the database keeps it.
    func source(of function: Function) -> String { inSchema("\nBEGIN\n\(function.body)\nEND\n") }

    /// Returns a text with the name of the schema in it.
    private func inSchema(_ text: String) -> String { text.replacingUTF8("%SCHEMA%", with: schema) }

    /// The statements that create everything, or repair it, for the server's login, in one transaction. They may be run any number
    /// of times, by a superuser, in the database of the store.
    func setUp(login: String) -> [String] {
        let login = "\"" + login.replacingUTF8("\"", with: "\"\"") + "\""
        let serving = Role.allCases.filter { !$0.rights.isEmpty }
        let roles = serving.map(\.rawValue).joined(separator: ", ")
        var statements = ["BEGIN"]
        for role in Role.allCases {
            let name = role.rawValue
            statements += [
                "DO $$ BEGIN CREATE ROLE \(name) NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
                "ALTER ROLE \(name) NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOINHERIT NOREPLICATION",
            ]
        }
        statements += [
            "CREATE SCHEMA IF NOT EXISTS %SCHEMA% AUTHORIZATION coffer_owner",
            "REVOKE ALL ON SCHEMA %SCHEMA% FROM PUBLIC, \(login)",
            "GRANT USAGE ON SCHEMA %SCHEMA% TO \(login), \(roles)",
            """
            CREATE TABLE IF NOT EXISTS %SCHEMA%.records (
                owner bytea NOT NULL, head bytea NOT NULL, mark bytea NOT NULL, tail bytea NOT NULL, version bigint NOT NULL,
                value bytea NOT NULL, CONSTRAINT records_pkey PRIMARY KEY (owner, head, mark))
            """,
            "CREATE INDEX IF NOT EXISTS records_in_order ON %SCHEMA%.records (head, mark)",
            // Encrypted records cannot be compressed.
            "ALTER TABLE %SCHEMA%.records ALTER COLUMN value SET STORAGE EXTERNAL",
            "ALTER TABLE %SCHEMA%.records OWNER TO coffer_owner",
            "ALTER TABLE %SCHEMA%.records ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE %SCHEMA%.records FORCE ROW LEVEL SECURITY",
            "REVOKE ALL ON %SCHEMA%.records FROM PUBLIC, \(login), \(roles)",
        ]
        statements += serving.map { "GRANT \($0.rights.sorted().joined(separator: ", ")) ON %SCHEMA%.records TO \($0.rawValue)" }
        for policy in Self.policies {
            statements += ["DROP POLICY IF EXISTS \(policy.name) ON %SCHEMA%.records", policy.created]
        }
        for function in Self.functions { statements += created(function, login: login) }
        return (statements + ["COMMIT"]).map(inSchema)
    }

    private func created(_ function: Function, login: String) -> [String] {
        let name = "\(schema).\(function.name)(\(function.parameters))"
        return [
            """
            CREATE OR REPLACE FUNCTION \(name) RETURNS \(function.result) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $coffer$\(source(of: function))$coffer$
            """,
            "ALTER FUNCTION \(name) OWNER TO \(function.role.rawValue)",
            "REVOKE ALL ON FUNCTION \(name) FROM PUBLIC",
            "GRANT EXECUTE ON FUNCTION \(name) TO \(login)",
        ]
    }
}
