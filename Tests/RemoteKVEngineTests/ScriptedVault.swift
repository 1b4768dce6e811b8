import EngineKit
import Logging
import RemoteKVEngine
import Synchronization
import Syntax
import TestSupport

/// Another server, that answers as told and notes what it was asked.
final class ScriptedVault: RemoteVault {
    typealias Answer = @Sendable (_ call: String) throws(RemoteFailure) -> RemoteAnswer

    private let asked = Mutex<[(call: String, body: JSONObject?)]>([])
    private let answer: Answer

    init(_ answer: @escaping Answer = { _ in RemoteAnswer(status: 200, data: [:]) }) { self.answer = answer }

    var calls: [String] { asked.withLock { $0.map(\.call) } }
    var bodies: [JSONObject?] { asked.withLock { $0.map(\.body) } }

    func send(_ method: RemoteMethod, _ path: String, query: [(name: String, value: String)], body: JSONObject?)
        async throws(RemoteFailure) -> RemoteAnswer
    {
        var call = "\(method.rawValue) \(path)"
        for item in query { call += "?\(item.name)=\(item.value)" }
        asked.withLock { $0.append((call, body)) }
        return try answer(call)
    }

    /// Asks the engine as the pipeline does.
    @discardableResult
    func send(
        _ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:],
        mayAlso: @escaping @Sendable (EngineKit.Operation, String) -> Bool = { _, _ in true }
    ) async throws -> JSON {
        let description = RemoteKVEngine.description(self, mount: "kept")
        let engine = try description.make(
            MountContext(
                path: "services-remote/", accessor: "remote_1", storage: StampingStorage(MemoryStorage()), time: ManualTime(),
                randomness: SeededRandomness(seed: 1), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let canonical = try CanonicalPath(decoded: "services-remote/" + path)
        let relative = canonical.text.utf8.dropFirst("services-remote/".utf8.count)
        let text = String(Substring(relative))
        let found = engine.paths.lazy.compactMap { declared in declared.pattern.match(text[...]).map { (declared, $0) } }.first
        guard let (declared, captures) = found else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        let request = Request(
            id: "1", operation: operation, path: canonical, mountPath: "services-remote/", captures: captures,
            fields: try Fields(validating: input, as: declared.fields), body: body,
            caller: Caller(accessor: "a", displayName: "newsbot", policies: [], tokenID: "t"), mayAlso: mayAlso)
        guard let endpoint = declared.endpoint(for: operation) else { throw CofferError(.methodNotAllowed) }
        guard case .data(let data) = try await endpoint.handler(request).body else { return .null }
        return try data.parsed()
    }

    func refusal(_ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:]) async -> CofferError? {
        do { try await send(operation, path, body) } catch { return CofferError(wrapping: error) }
        return nil
    }
}
