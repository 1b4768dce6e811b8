import EngineKit
import Logging
import ProjectsEngine
import Syntax
import TestSupport

/// Drives the engine through its declarations, as the pipeline does: route, validate, handle.
struct ProjectsDriver: Sendable {
    let engine: ProjectsEngine
    let time = ManualTime()

    init(storage: any Storage = StampingStorage(MemoryStorage()), seed: UInt64 = 1) {
        engine = ProjectsEngine(
            MountContext(
                path: "service-projects/", accessor: "projects_1", storage: storage, time: time,
                randomness: SeededRandomness(seed: seed), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    /// - Parameters:
    ///   - caller: Shown, and the private id; empty for one without a token.
    ///   - managed: The projects that the caller has a policy for.
    @discardableResult
    func send(
        _ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:], as caller: String = "alice",
        managing managed: [String] = []
    ) async throws -> JSONObject {
        let found = engine.paths.lazy.compactMap { declared in declared.pattern.match(path[...]).map { (declared, $0) } }.first
        guard let (declared, captures) = found else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        let request = Request(
            id: "1", operation: operation, path: try CanonicalPath(decoded: "service-projects/" + path),
            mountPath: "service-projects/", captures: captures, fields: try Fields(validating: input, as: declared.fields),
            body: body,
            caller: Caller(accessor: "a", displayName: caller, policies: [], tokenID: caller),
            mayAlso: { operation, path in operation == .update && managed.contains { path == "manage/" + $0 } })
        guard let endpoint = declared.endpoint(for: operation) else { throw CofferError(.methodNotAllowed) }
        guard case .data(let data) = try await endpoint.handler(request).body else { return [:] }
        return data.objectValue ?? [:]
    }

    /// Why it was refused; nil when it was not.
    func refusal(
        _ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:], as caller: String = "alice",
        managing managed: [String] = []
    ) async -> CofferError.Code? {
        do { try await send(operation, path, body, as: caller, managing: managed) } catch {
            return CofferError(wrapping: error).code
        }
        return nil
    }

    /// Names of all projects, the default with a star.
    func names() async throws -> [String] {
        try await send(.list, "records")["projects"]?.arrayValue?.map { project in
            (project["name"]?.stringValue ?? "") + (project["is_default"] == true ? "*" : "")
        } ?? []
    }
}
