import EngineKit
import Logging
import Syntax
import TestSupport
import TransitEngine

/// Drives the engine through its declarations, as the pipeline does: route, validate, create or update, handle.
struct TransitDriver: Sendable {
    let engine: any Engine
    let storage: any Storage
    let time: ManualTime

    init(storage: any Storage = StampingStorage(MemoryStorage()), time: ManualTime = ManualTime(), seed: UInt64 = 1) throws {
        self.storage = storage
        self.time = time
        engine = try TransitEngine.description.make(
            MountContext(
                path: "transit/", accessor: "transit_1", storage: storage, time: time, randomness: SeededRandomness(seed: seed),
                logger: Logger(label: "test")))
    }

    /// The same store, as another start of the server sees it.
    func restarted() throws -> TransitDriver { try TransitDriver(storage: storage, time: time, seed: 99) }

    @discardableResult
    func send(_ operation: Operation, _ path: String, _ body: JSONObject = [:]) async throws -> Response {
        let canonical = try CanonicalPath(decoded: "transit/" + path)
        let relative = canonical.text.dropFirst("transit/".count)
        let matches = engine.paths.compactMap { declared in declared.pattern.match(relative).map { (declared, $0) } }
        guard let (declared, captures) = matches.first else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        var request = Request(
            id: "1", operation: operation, path: canonical, mountPath: "transit/", captures: captures,
            fields: try Fields(validating: input, as: declared.fields), body: body,
            caller: Caller(accessor: "a", displayName: "root", policies: [], tokenID: "t"))
        if operation == .update, let exists = declared.exists, try await !exists(request) { request.operation = .create }
        guard let endpoint = declared.endpoint(for: request.operation) else { throw CofferError(.methodNotAllowed) }
        return try await endpoint.handler(request)
    }

    /// The `data` of the answer.
    @discardableResult
    func write(_ path: String, _ body: JSONObject = [:]) async throws -> JSONObject {
        try await data(try await send(.update, path, body))
    }

    func read(_ path: String, _ body: JSONObject = [:]) async throws -> JSONObject {
        try await data(try await send(.read, path, body))
    }

    private func data(_ response: Response) async throws -> JSONObject {
        guard case .data(let data) = response.body else { return [:] }
        return try data.parsed().objectValue ?? [:]
    }

    /// Why it was refused; nil when it was not.
    func refusal(_ operation: Operation, _ path: String, _ body: JSONObject = [:]) async -> String? {
        do { try await send(operation, path, body) } catch { return CofferError(wrapping: error).messages.joined(separator: "\n") }
        return nil
    }

    // MARK: Words for tests

    func encrypt(_ key: String, _ text: String, _ more: JSONObject = [:]) async throws -> String {
        var body = more
        body["plaintext"] = .string(Base64.encode(Array(text.utf8)))
        return try await write("encrypt/\(key)", body)["ciphertext"]?.stringValue ?? ""
    }

    func decrypt(_ key: String, _ ciphertext: String, _ more: JSONObject = [:]) async throws -> String {
        var body = more
        body["ciphertext"] = .string(ciphertext)
        let text = try await write("decrypt/\(key)", body)["plaintext"]?.stringValue ?? ""
        return String(decoding: Base64.decode(text) ?? [], as: UTF8.self)
    }

    func keys() async throws -> [String] {
        try await data(try await send(.list, "keys"))["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }
}

extension String {
    var base64: JSON { .string(Base64.encode(Array(utf8))) }
}
