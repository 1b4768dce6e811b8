import ConnectionsEngine
import EngineKit
import Logging
import Outbound
import Synchronization
import Syntax
import TestSupport

/// Keeps what was put on record.
final class KeptActs: Sendable {
    private let acts = Mutex<[ServerAct]>([])
    private let hook = Mutex<(@Sendable () async -> Void)?>(nil)

    /// Happens once, while the next act is put on record.
    var onNext: (@Sendable () async -> Void)? {
        get { hook.withLock { $0 } }
        set { hook.withLock { $0 = newValue } }
    }

    func add(_ act: ServerAct) async {
        acts.withLock { $0.append(act) }
        let hook = hook.withLock { hook in
            defer { hook = nil }
            return hook
        }
        await hook?()
    }
    var all: [ServerAct] { acts.withLock { $0 } }
}

/// Drives the engine through its declarations, as the pipeline does, over a storage that others may share.
final class ConnectionsDriver: Sendable {
    let engine: ConnectionsEngine
    let storage: any Storage
    let time: ManualTime
    let provider: Provider
    let events = KeptEvents()
    let acts = KeptActs()

    static let catalog = PlatformCatalog(
        profiles: [
            """
            name: acme
            auth: oauth2
            authorization_url: https://auth.acme.test/authorize
            token_url: https://auth.acme.test/token
            revocation_url: https://auth.acme.test/revoke
            rotates_refresh_token: true
            default_scopes: [read]
            verify:
              url: https://auth.acme.test/me
            allowed_hosts: [auth.acme.test]
            """,
            """
            name: calm
            auth: oauth2
            token_url: https://auth.calm.test/token
            rotates_refresh_token: false
            keep_alive: 86400
            allowed_hosts: [auth.calm.test]
            """,
            """
            name: lenient
            auth: oauth2
            token_url: https://auth.lenient.test/token
            rotates_refresh_token: true
            retry_in_doubt: true
            allowed_hosts: [auth.lenient.test]
            """,
            """
            name: lasting
            auth: oauth2
            token_url: https://auth.lasting.test/token
            default_expires_in: 1800
            allowed_hosts: [auth.lasting.test]
            """,
            """
            name: other
            auth: oauth2
            token_url: https://auth.other.test/token
            allowed_hosts: [auth.other.test]
            """,
            """
            name: chat
            auth: oauth2
            token_url: https://auth.chat.test/token
            revocation_url: https://auth.chat.test/revoke
            revocation_token: access_token
            reauthorize_errors: [token_revoked]
            allowed_hosts: [auth.chat.test]
            """,
            """
            name: keyed
            auth: api_key
            """,
        ].compactMap { try? PlatformCatalog.profile($0, file: "test") })

    init(
        storage: any Storage = StampingStorage(MemoryStorage()), time: ManualTime = ManualTime(), provider: Provider = Provider(),
        seed: UInt64 = 1, callbackURL: String = "https://coffer.test/oauth/callback"
    ) {
        self.storage = storage
        self.time = time
        self.provider = provider
        let acts = acts
        var context = MountContext(
            path: "connections/", accessor: "connections_1", storage: storage, time: time,
            randomness: SeededRandomness(seed: seed), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        context.record = { act in await acts.add(act) }
        engine = ConnectionsEngine(
            context,
            ConnectionsEnvironment(
                catalog: Self.catalog, outbound: provider, events: events, callbackURL: callbackURL
            ) { _ in for _ in 0..<20 { await Task.yield() } })
    }

    /// The same store, as another process sees it.
    func another(seed: UInt64 = 77) -> ConnectionsDriver {
        ConnectionsDriver(storage: storage, time: time, provider: provider, seed: seed)
    }

    /// A round, until everything that it began has ended.
    func round() async {
        await engine.runRound()
        await engine.waitUntilIdle()
    }

    @discardableResult
    func send(
        _ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:], query: [String: String] = [:],
        actor: String = "engine-action", from address: String = "",
        mayAlso: @escaping @Sendable (EngineKit.Operation, String) -> Bool = { _, _ in true }
    ) async throws -> JSONObject {
        let canonical = try CanonicalPath(decoded: "connections/" + path)
        let relative = canonical.text.dropFirst("connections/".count)
        let matches = engine.paths.compactMap { declared in declared.pattern.match(relative).map { (declared, $0) } }
        guard let (declared, captures) = matches.first else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for (name, value) in query where input[name] == nil { input[name] = .string(value) }
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        var request = Request(
            id: "request-1", operation: operation, path: canonical, mountPath: "connections/", captures: captures,
            fields: try Fields(validating: input, as: declared.fields), body: body,
            caller: Caller(accessor: "a", displayName: actor, policies: [], tokenID: "t"),
            connection: Connection(remoteAddress: address), mayAlso: mayAlso)
        if operation == .update, let exists = declared.exists, try await !exists(request) { request.operation = .create }
        guard let endpoint = declared.endpoint(for: request.operation) else { throw CofferError(.methodNotAllowed) }
        switch try await endpoint.handler(request).body {
        case .data(let data), .bare(let data): return try data.parsed().objectValue ?? [:]
        case .none, .raw, .stream: return [:]
        }
    }

    /// Why it was refused; nil when it was not.
    func refusal(
        _ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:], query: [String: String] = [:],
        mayAlso: @escaping @Sendable (EngineKit.Operation, String) -> Bool = { _, _ in true }
    ) async -> CofferError? {
        do { try await send(operation, path, body, query: query, mayAlso: mayAlso) } catch { return CofferError(wrapping: error) }
        return nil
    }

    static let path = "tokens/user:u1/prod/acme"

    /// With client credentials, and a connection of which so many seconds are left.
    func connect(
        _ path: String = ConnectionsDriver.path, seconds: Int = 3_600, refresh: Bool = true, _ more: JSONObject = [:]
    ) async throws {
        let platform = path.split(separator: "/").last.map(String.init) ?? ""
        try await send(.update, "platforms/\(platform)", ["client_id": "id", "client_secret": "client-secret-canary"])
        var body: JSONObject = ["access_token": "first-canary", "expires_in": .int(seconds), "scopes": ["read"]]
        if refresh { body["refresh_token"] = .string(provider.issue()) }
        for member in more { body[member.key] = member.value }
        try await send(.update, path, body)
    }

    func token(_ path: String = ConnectionsDriver.path, query: [String: String] = [:]) async throws -> String {
        try await send(.read, path, query: query)["access_token"]?.stringValue ?? ""
    }

    /// Fetches without caring how it ends.
    func fetchReason(_ path: String = ConnectionsDriver.path, query: [String: String] = [:]) async -> String? {
        let error = await refusal(.read, path, query: query)
        return error.map { $0.reason ?? $0.code.rawValue }
    }

    func status(_ platform: String = "acme", owner: String = "user:u1") async throws -> JSONObject {
        let rows = try await send(.read, "status/\(owner)", query: ["detailed": "true"])["connected_platforms"]?.arrayValue ?? []
        return rows.first { $0["platform"]?.stringValue == platform }?.objectValue ?? [:]
    }

    func keys(_ prefix: String = "") async throws -> [String] {
        try await storage.list(Listing(prefix: prefix, isRecursive: true))
    }

    /// Every stored byte and every event and act, for searching.
    func dump() async throws -> String {
        var text = ""
        for key in try await keys() {
            text += key + "\n" + String(decoding: try await storage.get(key)?.value ?? [], as: UTF8.self) + "\n"
        }
        return text
    }
}
