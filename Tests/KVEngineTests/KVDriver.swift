import EngineKit
import KVEngine
import Logging
import Syntax
import TestSupport

/// Drives an engine through its declarations, as the pipeline does: route, validate, create or update, handle.
struct KVDriver: Sendable {
    let engine: any Engine
    let storage: any Storage
    let time: ManualTime

    init(
        _ described: EngineDescription? = nil, options asked: [String: String]? = nil,
        storage: any Storage = StampingStorage(MemoryStorage()), time: ManualTime = ManualTime(), defaultTTL: Int = 0
    ) throws {
        let description = described ?? KVEngine.description
        // Version 2, unless a test says what it wants.
        let options = asked ?? (described == nil ? ["version": "2"] : [:])
        try description.checkOptions(options)
        self.storage = storage
        self.time = time
        engine = try description.make(
            MountContext(
                path: "secret/", accessor: "kv_1", options: options, defaultTTL: defaultTTL, storage: storage, time: time,
                randomness: SeededRandomness(seed: 1), logger: Logger(label: "test")))
    }

    init(version: Int) throws { try self.init(options: ["version": String(version)]) }

    @discardableResult
    func send(
        _ operation: Operation, _ path: String, _ body: String = "", query: [String: String] = [:], as author: String = "root",
        mayAlso: @escaping @Sendable (Operation, String) -> Bool = { _, _ in true }
    ) async throws -> Response {
        let canonical = try CanonicalPath(decoded: "secret/" + path)
        let relative = canonical.text.dropFirst("secret".count).drop { $0 == "/" }
        let matches = engine.paths.compactMap { declared in declared.pattern.match(relative).map { (declared, $0) } }
        guard let (declared, captures) = matches.first else { throw CofferError(.notFound, "no handler for route") }
        let object = body.isEmpty ? JSONObject() : try JSON(parsing: body).objectValue ?? JSONObject()
        var input = object
        for (name, value) in query where input[name] == nil { input[name] = .string(value) }
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        var request = Request(
            id: "1", operation: operation, path: canonical, mountPath: "secret/", captures: captures,
            fields: try Fields(validating: input, as: declared.fields), body: object,
            caller: Caller(accessor: "a", displayName: author, policies: [], tokenID: "t"), mayAlso: mayAlso)
        if operation == .update, let exists = declared.exists, try await !exists(request) { request.operation = .create }
        guard let endpoint = declared.endpoint(for: request.operation) else { throw CofferError(.methodNotAllowed) }
        return try await endpoint.handler(request)
    }

    /// The `data` of the answer, taken apart.
    @discardableResult
    func data(
        _ operation: Operation, _ path: String, _ body: String = "", query: [String: String] = [:], as author: String = "root"
    ) async throws -> JSON {
        let response = try await send(operation, path, body, query: query, as: author)
        guard case .data(let data) = response.body else { return .null }
        return try data.parsed()
    }

    /// The text of the `data` of the answer.
    func text(_ operation: Operation, _ path: String, _ body: String = "", query: [String: String] = [:]) async throws -> String {
        let response = try await send(operation, path, body, query: query)
        guard case .data(let data) = response.body else { return "" }
        return String(decoding: data.encoded(), as: UTF8.self)
    }

    func keys(
        _ path: String, query: [String: String] = [:], mayAlso: @escaping @Sendable (Operation, String) -> Bool = { _, _ in true }
    ) async throws -> [String] {
        do {
            guard case .data(let data) = try await send(.list, path, query: query, mayAlso: mayAlso).body else { return [] }
            return data["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        } catch let error as CofferError where error.code == .notFound {
            return []
        }
    }

    /// Why it was refused; nil when it was not.
    func refusal(
        _ operation: Operation, _ path: String, _ body: String = "", query: [String: String] = [:]
    ) async -> CofferError? {
        do { try await send(operation, path, body, query: query) } catch { return CofferError(wrapping: error) }
        return nil
    }

    /// Every record of the mount.
    func records() async throws -> [String: [UInt8]] {
        var records: [String: [UInt8]] = [:]
        for key in try await storage.list(Listing(prefix: "", isRecursive: true)) {
            records[key] = try await storage.get(key)?.value
        }
        return records
    }
}

extension CofferError {
    var message: String { messages.joined(separator: "\n") }

    /// What a 404 still says, as text.
    var dataText: String? { data.map { String(decoding: $0.encoded(), as: UTF8.self) } }
}
