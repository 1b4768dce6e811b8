import AuthMethods
import EngineKit
import Logging
import Syntax
import TestSupport
import Testing

/// Drives an auth method through its declarations, as the pipeline does: route, validate, handle.
struct AuthDriver: Sendable {
    let method: any Engine
    let description: EngineDescription
    let storage: any Storage
    let time: ManualTime
    /// What the requests present, as the listener hands it on.
    var certificateChain: [[UInt8]] = []

    init(
        _ description: EngineDescription, storage: any Storage = StampingStorage(MemoryStorage()), time: ManualTime = ManualTime(),
        maxTTL: Int = 0, seed: UInt64 = 1, logger: Logger = Logger(label: "test")
    ) throws {
        self.description = description
        self.storage = storage
        self.time = time
        method = try description.make(
            MountContext(
                path: "auth/\(description.type)/", accessor: "auth_1", maxTTL: maxTTL, storage: storage, time: time,
                randomness: SeededRandomness(seed: seed), logger: logger))
    }

    /// The same store, as another start of the server sees it.
    func restarted() throws -> AuthDriver {
        var driver = try AuthDriver(description, storage: storage, time: time, seed: 77)
        driver.certificateChain = certificateChain
        return driver
    }

    func declared(_ path: String) -> (EnginePath, Captures)? {
        method.paths.lazy.compactMap { declared in declared.pattern.match(path[...]).map { (declared, $0) } }.first
    }

    @discardableResult
    func send(
        _ operation: Operation, _ path: String, _ body: JSONObject = [:], from address: String = "127.0.0.1"
    ) async throws -> Response {
        let mount = "auth/\(description.type)/"
        let canonical = try CanonicalPath(decoded: mount + path)
        guard let (declared, captures) = declared(path) else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        let request = Request(
            id: "1", operation: operation, path: canonical, mountPath: mount, captures: captures,
            fields: try Fields(validating: input, as: declared.fields), body: body,
            connection: Connection(remoteAddress: address, certificateChain: certificateChain))
        guard let endpoint = declared.endpoint(for: operation) else { throw CofferError(.methodNotAllowed) }
        return try await endpoint.handler(request)
    }

    @discardableResult
    func data(_ operation: Operation, _ path: String, _ body: JSONObject = [:]) async throws -> JSONObject {
        guard case .data(let data) = try await send(operation, path, body).body else { return [:] }
        return data.objectValue ?? [:]
    }

    func grant(_ path: String, _ body: JSONObject, from address: String = "127.0.0.1") async throws -> AuthGrant {
        guard case .grant(let grant)? = try await send(.update, path, body, from: address).auth else { throw CofferError.notFound }
        return grant
    }

    /// Why it was refused; nil when it was not.
    func refusal(
        _ operation: Operation, _ path: String, _ body: JSONObject = [:], from address: String = "127.0.0.1"
    ) async -> CofferError? {
        do { try await send(operation, path, body, from: address) } catch { return CofferError(wrapping: error) }
        return nil
    }

    func keys(_ path: String, _ body: JSONObject = [:]) async throws -> [String] {
        do {
            return try await data(.list, path, body)["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        } catch let error as CofferError where error.code == .notFound {
            return []
        }
    }

    /// Every record of the mount.
    func records() async throws -> [String: [UInt8]] {
        var records: [String: [UInt8]] = [:]
        for key in try await storage.list(Listing(prefix: "", isRecursive: true)) {
            records[key] = try await storage.get(key)?.value
        }
        return records
    }

    /// Every key and value, for searching.
    func dump() async throws -> String {
        try await records().map { $0.key + "\n" + String(decoding: $0.value, as: UTF8.self) }.joined(separator: "\n")
    }
}

extension CofferError {
    var message: String { messages.joined(separator: "\n") }
    /// What a caller can tell one refusal from another by.
    var bytes: String { "\(code): \(message) \(String(describing: data))" }
}
