import DatabaseEngine
import EngineKit
import Logging
import Syntax
import TestSupport

/// A database engine over a fake server, asked as the pipeline asks it.
struct EngineBench: Sendable {
    let server: FakeServer
    let storage: any Storage
    let time: ManualTime
    let engine: DatabaseEngine

    init(
        server: FakeServer = FakeServer(), storage: any Storage = StampingStorage(MemoryStorage()), time: ManualTime = ManualTime(),
        process: String = "one", seed: UInt64 = 1
    ) {
        self.server = server
        self.storage = storage
        self.time = time
        var context = MountContext(
            path: "database/", accessor: "database_1", storage: MortalStorage(base: storage, server: server), time: time,
            randomness: SeededRandomness(seed: seed), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        context.makePassword = { policy in
            guard policy == "long" else { throw CofferError(.notFound, "no password policy of this name") }
            return "made-by-policy"
        }
        engine = DatabaseEngine(context, plugins: [server.plugin], process: process)
    }

    /// Another process over the same storage and server.
    func restarted() -> EngineBench {
        server.revive()
        return EngineBench(server: server, storage: storage, time: time, process: "two", seed: 2)
    }

    @discardableResult
    func ask(_ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = .init()) async throws -> Response {
        let canonical = try CanonicalPath(decoded: "database/" + path)
        let matches = engine.paths.compactMap { declared in declared.pattern.match(path[...]).map { (declared, $0) } }
        guard let (declared, captures) = matches.first else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        var request = Request(
            id: "1", operation: operation, path: canonical, mountPath: "database/", captures: captures,
            fields: try Fields(validating: input, as: declared.fields), body: body,
            caller: Caller(accessor: "a", displayName: "token-bob", policies: [], tokenID: "t"))
        if operation == .update, let exists = declared.exists, try await !exists(request) { request.operation = .create }
        guard let endpoint = declared.endpoint(for: request.operation) else { throw CofferError(.methodNotAllowed) }
        return try await endpoint.handler(request)
    }

    func data(_ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = .init()) async throws -> JSON {
        guard case .data(let data) = try await ask(operation, path, body).body else { return .null }
        return data
    }

    func refusal(_ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = .init()) async -> CofferError? {
        do { try await ask(operation, path, body) } catch { return CofferError(wrapping: error) }
        return nil
    }

    /// Makes a user as the pipeline does: the lease is registered, then the answer is on record.
    func lease() async throws -> HeldLease {
        let response = try await ask(.read, "creds/reader")
        guard case .grant(let grant)? = response.lease else { throw CofferError(.internal, "no lease") }
        let lease = HeldLease(
            id: "database/creds/reader/x", data: grant.data, issuedAt: time.now(), expiresAt: time.now().adding(seconds: grant.ttl))
        await response.afterRecording?()
        return lease
    }

    /// A connection `db` and the roles `reader` and, if asked for, the static role `app`.
    func configured(withStaticRole: Bool = false) async throws -> EngineBench {
        try await ask(
            .update, "config/db",
            [
                "plugin_name": "fake-database-plugin", "connection_url": "x", "username": "admin", "password": "first",
                "allowed_roles": "*",
            ])
        try await ask(
            .update, "roles/reader",
            ["db_name": "db", "creation_statements": "CREATE {{name}}", "default_ttl": "1h", "max_ttl": "24h"])
        if withStaticRole {
            server.set { $0.users["app"] = "imported" }
            try await ask(.update, "static-roles/app", ["db_name": "db", "username": "app", "rotation_period": "1h"])
        }
        return self
    }

    func keys(_ prefix: String) async throws -> [String] {
        try await storage.list(Listing(prefix: prefix, isRecursive: true))
    }
}
