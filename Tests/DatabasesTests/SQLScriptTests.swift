import DatabaseClients
import Testing

@testable import Databases  // The reader of statements is the room's own.

@Suite("SQL scripts")
struct SQLScriptTests {
    static func texts(_ script: String, name: String = "v-user", password: String = "pw", expiration: String = "2026") throws
        -> [String]
    {
        let values = SQLSubstitution(name: name, password: password, expiration: expiration)
        return try SQLScript(script).statements.map { try values.apply(to: $0).trimmed }
    }

    @Test(
        "a semicolon ends a statement only where it stands on its own",
        arguments: [
            ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]), (";;  ; SELECT 1 ;\n", ["SELECT 1"]), ("", []),
            ("SELECT ';'; SELECT 2", ["SELECT ';'", "SELECT 2"]), ("SELECT 'it''s;'; X", ["SELECT 'it''s;'", "X"]),
            (#"SELECT E'\';'; X"#, [#"SELECT E'\';'"#, "X"]), (#"SELECT '\'; X"#, [#"SELECT '\'"#, "X"]),
            (#"SELECT ";"; X"#, [#"SELECT ";""#, "X"]), (#"SELECT "a"";b"; X"#, [#"SELECT "a"";b""#, "X"]),
            ("DO $$ BEGIN x; y; END $$; X", ["DO $$ BEGIN x; y; END $$", "X"]),
            ("DO $a$ ';$$' $a$; X", ["DO $a$ ';$$' $a$", "X"]), ("SELECT $1; X", ["SELECT $1", "X"]),
            ("SELECT a$b$; X$b$", ["SELECT a$b$", "X$b$"]), ("-- a; b\nX; Y", ["-- a; b\nX", "Y"]),
            ("/* a; /* b; */ c; */ X; Y", ["/* a; /* b; */ c; */ X", "Y"]), ("X; -- only a comment", ["X"]),
            (#"SELECT U&'\0027;'; X"#, [#"SELECT U&'\0027;'"#, "X"]), (#"SELECT name'a\'; X"#, [#"SELECT name'a\'"#, "X"]),
        ])
    func splits(script: String, expected: [String]) throws {
        #expect(try Self.texts(script) == expected)
    }

    @Test(
        "refuses what is not closed",
        arguments: ["SELECT 'a", "SELECT \"a", "DO $$ x", "DO $a$ x $$", "/* a", "SELECT E'\\'", "SELECT 'a\0'", "/* /* */"])
    func refusesUnclosed(script: String) {
        #expect(throws: DatabaseError.self) { try SQLScript(script) }
    }

    @Test("puts values where the placeholders stand, quoted as their place asks for")
    func substitutes() throws {
        #expect(
            try Self.texts(#"CREATE ROLE "{{name}}" PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' -- {{password}}"#) == [
                #"CREATE ROLE "v-user" PASSWORD 'pw' VALID UNTIL '2026' -- ***"#
            ])
        #expect(try Self.texts("X '{{password}}'", password: "it's \\ \"so\"") == [#"X 'it''s \ "so"'"#])
        #expect(try Self.texts("X E'{{password}}'", password: "it's \\") == [#"X E'it''s \\'"#])
        #expect(try Self.texts(#"X "{{username}}""#, name: "a\"b") == [#"X "a""b""#])
        #expect(
            try Self.texts("DO $$ '{{password}}' $$", password: "SCRAM-SHA-256$4096:ab+/=$x:y=") == [
                "DO $$ 'SCRAM-SHA-256$4096:ab+/=$x:y=' $$"
            ])
        #expect(try Self.texts("X {{name}}", name: "plain_1") == ["X plain_1"])
        #expect(try Self.texts("X '{{other}}' {{") == ["X '{{other}}' {{"])
    }

    @Test("a value with a placeholder in it is not read again")
    func substitutesOnce() throws {
        #expect(try Self.texts("X '{{password}}'", password: "{{name}}") == ["X '{{name}}'"])
    }

    @Test(
        "refuses a value where nothing keeps it in its place",
        arguments: [
            ("X {{name}}", "a-b"), ("X {{name}}", "a; DROP TABLE t"), ("X {{name}}", "1a"), ("X {{name}}", ""),
            ("DO $$ '{{name}}' $$", "a'b"), ("DO $$ '{{name}}' $$", "a$$b"), ("DO $$ '{{name}}' $$", "a$"),
            ("DO $q$ '{{name}}' $q$", "a$q$b"), ("DO $$ '{{name}}' $$", "a\\b"), ("DO $$ \"{{name}}\" $$", "a\"b"),
            ("DO $$ x {{name}} $$", "a; b"), ("X '{{name}}'", "a\nb"), ("X '{{name}}'", "a\0b"),
        ])
    func refusesHostileValues(script: String, value: String) {
        #expect(throws: DatabaseError.self) { try Self.texts(script, name: value) }
    }

    @Test("no value in a string or a name ends it, whatever it holds", arguments: Injections.all)
    func keepsValuesInside(value: String) throws {
        guard !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return }
        for place in ["'{{password}}'", "E'{{password}}'", "\"{{password}}\""] {
            let statements = try Self.texts("SELECT \(place)", password: value)
            #expect(statements.count == 1)
            // Read again as a script, it is still one statement with one quoted thing.
            #expect(try SQLScript(statements[0]).statements.count == 1)
        }
    }

    @Test("bounds scripts in bytes and statements")
    func bounded() {
        #expect(throws: DatabaseError.self) { try SQLScript(String(repeating: "x", count: 64 << 10) + "y") }
        #expect(throws: DatabaseError.self) { try SQLScript(String(repeating: "x;", count: 201)) }
    }
}

enum Injections {
    static let all = [
        "'", "\"", "''", "\\", "\\'", "'; DROP TABLE users; --", "\"; DROP TABLE users; --", "' OR '1'='1", "'||pg_sleep(10)||'",
        "$$; DROP TABLE users; $$", "$a$", "/*", "*/", "--", ";", "x'; COPY t TO PROGRAM 'id'; --", "\\x27; SELECT 1; --",
        "{{name}}", "{{password}}'; --", "%27", "\u{2019}; DROP", "\u{FF07}", "a\nb", "a\rb", "a\0b", "' UNION SELECT 1 --",
        "'); DELETE FROM t; --", "E'\\''", "U&'\\0027'", "\u{1F600}'", "admin'--", "1; SELECT pg_read_file('/etc/passwd')",
        "\\\\'; --", "'/**/OR/**/1=1--", "\u{02BC}", "\t'", " '", "' ", "'\\", "\"\"\"", "$x$';$x$",
    ]
}

extension String {
    var trimmed: String {
        String(drop { $0 == " " || $0 == "\n" }.reversed().drop { $0 == " " || $0 == "\n" }.reversed())
    }
}
