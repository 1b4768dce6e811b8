import DatabaseEngine
import Databases
import EngineKit
import Logging
import Syntax
import TestSupport
import Testing

/// Changes of `config/`, with the real plugins and no server: nothing is verified.
@Suite struct ConnectionChangeTests {
    private let engine: DatabaseEngine

    init() {
        let context = MountContext(
            path: "database/", accessor: "database_1", storage: StampingStorage(MemoryStorage()), time: ManualTime(),
            randomness: SeededRandomness(seed: 1), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        engine = DatabaseEngine(context, plugins: DatabasePlugin.builtIn, process: "one")
    }

    @discardableResult
    private func ask(_ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = .init()) async throws -> Response {
        var body = body
        if operation == .update { body["verify_connection"] = false }
        for declared in engine.paths {
            guard let captures = declared.pattern.match(path[...]) else { continue }
            var input = body
            for pair in captures.pairs { input[pair.name] = .string(pair.value) }
            let request = Request(
                id: "1", operation: operation, path: try CanonicalPath(decoded: "database/" + path), mountPath: "database/",
                captures: captures, fields: try Fields(validating: input, as: declared.fields), body: body,
                caller: Caller(accessor: "a", displayName: "bob", policies: [], tokenID: "t"))
            guard let endpoint = declared.endpoint(for: operation) else { break }
            return try await endpoint.handler(request)
        }
        throw CofferError(.notFound, "no handler for route")
    }

    private func details(_ path: String) async throws -> JSON? {
        guard case .data(let data) = try await ask(.read, path).body else { return nil }
        return try data.parsed()["connection_details"]
    }

    private static let postgres: JSONObject = [
        "plugin_name": "postgresql-database-plugin", "username": "admin", "password": "p",
        "connection_url": "postgresql://{{username}}:{{password}}@db.local:5432/app?sslmode=verify-full", "tls_ca": "",
    ]
    private static let redis: JSONObject = [
        "plugin_name": "redis-database-plugin", "username": "admin", "password": "p", "host": "db.local", "port": 6_379,
        "tls": true,
    ]

    @Test(
        arguments: [
            ("postgresql://{{username}}:{{password}}@evil:5432/app?sslmode=verify-full", false),
            ("postgresql://{{username}}:{{password}}@db.local:5433/app?sslmode=verify-full", false),
            ("postgresql://{{username}}:{{password}}@db.local:5432/app?sslmode=disable", false),
            ("postgresql://{{username}}:{{password}}@db.local:5432/app?sslmode=verify-full&hostaddr=10.0.0.1", false),
            ("postgresql://{{username}}:{{password}}@db.local,evil:5432/app?sslmode=verify-full", false),
            ("postgresql://{{username}}:{{password}}@db.local:5432/other?sslmode=verify-full", true),
            ("postgresql://db.local:5432/app?sslmode=verify-full&connect_timeout=9", true),
        ])
    func `a stored password goes to no other server`(url: String, isSame: Bool) async throws {
        try await ask(.update, "config/db", Self.postgres)
        let change: JSONObject = ["connection_url": .string(url)]
        if isSame {
            try await ask(.update, "config/db", change)
        } else {
            await #expect(throws: CofferError.self) { try await ask(.update, "config/db", change) }
            #expect(try await details("config/db")?["connection_url"] == Self.postgres["connection_url"])
            var whole = change
            whole["password"] = "p"
            try await ask(.update, "config/db", whole)
        }
        #expect(try await details("config/db")?["connection_url"] == .string(url))
    }

    @Test(
        arguments: [
            ["host": "evil"], ["port": 6_380], ["tls": false], ["insecure_tls": true], ["ca_cert": "x"],
        ] as [JSONObject]) func `nor does that of a Redis`(change: JSONObject) async throws
    {
        try await ask(.update, "config/db", Self.redis)
        await #expect(throws: CofferError.self) { try await ask(.update, "config/db", change) }
        try await ask(.update, "config/db", ["allowed_roles": "*", "host": "db.local"])
    }

    @Test(
        arguments: [
            ["port": "6379"], ["port": 6_379], ["tls": "true"], ["tls": 1], ["insecure_tls": false], ["insecure_tls": "0"],
            ["ca_cert": ""],
        ] as [JSONObject]) func `the same Redis in other words is the same`(change: JSONObject) async throws
    {
        try await ask(.update, "config/db", Self.redis)
        try await ask(.update, "config/db", change)
        // And with the defaults in place of what was said.
        var implied = Self.redis
        (implied["port"], implied["tls"]) = (nil, nil)
        try await ask(.update, "config/other", implied)
        try await ask(.update, "config/other", ["port": "6379", "tls": "false"])
        for other: JSONObject in [["port": "6380"], ["tls": "true"]] {
            await #expect(throws: CofferError.self) { try await ask(.update, "config/other", other) }
        }
    }

    @Test func `shows settings as they were sent, and uses them as they are meant`() async throws {
        for (sent, isGood) in [("3600s", true), ("5m", true), ("0s", true), ("30", true), ("soon", false), ("-1s", false)] {
            var body = Self.postgres
            body["max_connection_lifetime"] = .string(sent)
            guard isGood else {
                await #expect(throws: CofferError.self) { try await ask(.update, "config/\(sent)", body) }
                continue
            }
            body["max_open_connections"] = "5"
            try await ask(.update, "config/\(sent)", body)
            #expect(try await details("config/\(sent)")?["max_connection_lifetime"] == .string(sent))
            #expect(try await details("config/\(sent)")?["max_open_connections"] == "5")
        }
        var body = Self.postgres
        body["max_connection_lifetime"] = 3_600
        try await ask(.update, "config/number", body)
        #expect(try await details("config/number")?["max_connection_lifetime"] == 3_600)
        // In quotes too a number has its bounds.
        body["max_open_connections"] = "65"
        await #expect(throws: CofferError.self) { try await ask(.update, "config/number", body) }
    }
}
