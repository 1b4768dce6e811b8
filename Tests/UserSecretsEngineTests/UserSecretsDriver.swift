import EngineKit
import Logging
import Syntax
import TestSupport
import UserSecretsEngine

/// Drives the engine through its declarations, as the pipeline does: route, validate, handle.
struct UserSecretsDriver: Sendable {
    let engine: UserSecretsEngine
    let storage: any Storage
    let time: ManualTime

    init(
        storage: any Storage = StampingStorage(MemoryStorage()), time: ManualTime = ManualTime(), seed: UInt64 = 1
    ) {
        self.storage = storage
        self.time = time
        engine = UserSecretsEngine(
            MountContext(
                path: "user-secrets/", accessor: "user_secrets_1", storage: WalledStorage(storage), time: time,
                randomness: SeededRandomness(seed: seed), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    @discardableResult
    func send(
        _ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:], as caller: String = "alice",
        mayAlso: @escaping @Sendable (EngineKit.Operation, String) -> Bool = { _, _ in true }
    ) async throws -> JSONObject {
        let found = engine.paths.lazy.compactMap { declared in declared.pattern.match(path[...]).map { (declared, $0) } }.first
        guard let (declared, captures) = found else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        var request = Request(
            id: "1", operation: operation, path: try CanonicalPath(decoded: "user-secrets/" + path),
            mountPath: "user-secrets/", captures: captures, fields: try Fields(validating: input, as: declared.fields), body: body,
            caller: Caller(accessor: "a", displayName: caller, entityID: "entity-" + caller, policies: [], tokenID: caller),
            connection: Connection(remoteAddress: "192.0.2.7"), mayAlso: mayAlso)
        request.setHeaders([("user-agent", "browser/1\u{1B}[0m")])
        guard let endpoint = declared.endpoint(for: operation) else { throw CofferError(.methodNotAllowed) }
        guard case .data(let data) = try await endpoint.handler(request).body else { return [:] }
        return data.objectValue ?? [:]
    }

    /// Why it was refused; nil when it was not.
    func refusal(
        _ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:]
    ) async -> CofferError? {
        do { try await send(operation, path, body) } catch { return CofferError(wrapping: error) }
        return nil
    }

    /// Stores a secret, and returns the answer.
    @discardableResult
    func store(
        _ owner: String = "u1", provider: String = "openai", type: String = "api_key", value: String = "sk-canary-0123456789abcd",
        _ more: JSONObject = [:]
    ) async throws -> JSONObject {
        var body: JSONObject = [
            "name": "key", "provider": .string(provider), "secret_type": .string(type), "value": .string(value),
        ]
        for member in more { body[member.key] = member.value }
        return try await send(.update, owner + "/secrets", body)
    }

    /// Stores a secret, and returns its id.
    func id(
        _ owner: String = "u1", provider: String = "openai", type: String = "api_key", value: String = "sk-canary-0123456789abcd",
        _ more: JSONObject = [:]
    ) async throws -> String {
        try await store(owner, provider: provider, type: type, value: value, more)["id"]?.stringValue ?? ""
    }

    /// Asks for a value as a workflow does.
    func resolve(_ body: JSONObject, of owner: String = "u1", as caller: String = "worker") async throws -> JSONObject {
        try await send(.update, owner + "/resolve", body, as: caller)
    }

    /// Why a value is not given; nil when it is.
    func resolveRefusal(_ body: JSONObject, of owner: String = "u1") async -> String? {
        do { _ = try await resolve(body, of: owner) } catch { return CofferError(wrapping: error).reason ?? "?" }
        return nil
    }

    /// Lets a minute pass, so that what was counted is stored.
    func flush() async {
        await engine.runRound()
        time.advance(seconds: 60)
        await engine.runRound()
    }

    /// The access log as `action outcome count actor`.
    func log(_ query: JSONObject = [:], of path: String = "u1") async throws -> [String] {
        try await send(.read, path + "/access", query)["entries"]?.arrayValue?.map { row in
            ["action", "outcome", "count", "actor"].map { name in
                row[name]?.stringValue ?? row[name]?.intValue.map { String($0) } ?? ""
            }.joined(separator: " ")
        } ?? []
    }

    func value(_ id: String, of owner: String = "u1") async throws -> String? {
        try await send(.update, "\(owner)/secrets/\(id)/reveal")["value"]?.stringValue
    }

    /// The secrets of a list.
    func list(_ query: JSONObject = [:], of owner: String = "u1") async throws -> [JSON] {
        try await send(.read, owner + "/secrets", query)["secrets"]?.arrayValue ?? []
    }

    func names(_ query: JSONObject = [:], of owner: String = "u1") async throws -> [String] {
        try await list(query, of: owner).compactMap { $0["name"]?.stringValue }
    }

    /// Every record of the mount.
    func records() async throws -> [String: [UInt8]] {
        var records: [String: [UInt8]] = [:]
        for key in try await storage.list(Listing(prefix: "", isRecursive: true)) {
            records[key] = try await storage.get(key)?.value
        }
        return records
    }

    /// Writes a record as somebody with the store could.
    func overwrite(_ key: String, _ value: [UInt8]) async throws {
        try await storage.put(key, value)
        engine.drop(.keys([key]))
    }
}

extension CofferError {
    var text: String { messages.joined(separator: "\n") }
}
