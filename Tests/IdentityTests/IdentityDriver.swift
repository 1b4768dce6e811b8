import EngineKit
import Identity
import Syntax
import TestSupport
import Testing

/// Drives `identity/` through its declarations, as the pipeline does: route, validate, handle.
struct IdentityDriver: Sendable {
    let store: IdentityStore
    let engine: IdentityEngine
    let storage: any Storage
    let time: ManualTime

    init(
        storage: any Storage = StampingStorage(MemoryStorage()), time: ManualTime = ManualTime(), seed: UInt64 = 1,
        isAuthType types: Set<String> = []
    ) {
        self.storage = storage
        self.time = time
        store = IdentityStore(
            storage: storage, time: time, randomness: SeededRandomness(seed: seed), forbiddenPolicies: ["root", "reserved"])
        engine = IdentityEngine(store: store, isAuthType: { types.contains($0) }) { accessor in
            switch accessor {
            case "auth_userpass_1": IdentityMount(path: "auth/userpass/", type: "userpass", isAuth: true, foldsAliasCase: true)
            case "auth_approle_1", "auth_approle_2": IdentityMount(path: "auth/\(accessor)/", type: "approle", isAuth: true)
            case "kv_1": IdentityMount(path: "secret/", type: "kv", isAuth: false)
            default: nil
            }
        }
    }

    @discardableResult
    func send(
        _ operation: Operation, _ path: String, _ body: JSONObject = [:], hasSudo: Bool = true
    ) async throws -> Response {
        let canonical = try CanonicalPath(decoded: "identity/" + path)
        let found = engine.paths.lazy.compactMap { declared in declared.pattern.match(path[...]).map { (declared, $0) } }.first
        guard let (declared, captures) = found else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        var request = Request(
            id: "1", operation: operation, path: canonical, mountPath: "identity/", captures: captures,
            fields: try Fields(validating: input, as: declared.fields), body: body)
        request.hasSudo = { hasSudo }
        guard let endpoint = declared.endpoint(for: operation) else { throw CofferError(.methodNotAllowed) }
        return try await endpoint.handler(request)
    }

    @discardableResult
    func data(_ operation: Operation, _ path: String, _ body: JSONObject = [:]) async throws -> JSONObject {
        guard case .data(let data) = try await send(operation, path, body).body else { return [:] }
        return data.objectValue ?? [:]
    }

    /// Why it was refused; nil when it was not.
    func refusal(
        _ operation: Operation, _ path: String, _ body: JSONObject = [:], hasSudo: Bool = true
    ) async -> CofferError? {
        do { try await send(operation, path, body, hasSudo: hasSudo) } catch { return CofferError(wrapping: error) }
        return nil
    }

    /// A new entity's id.
    func entity(_ name: String, _ more: JSONObject = [:]) async throws -> String {
        try await data(.update, "entity/name/\(name)", more)["id"]?.stringValue ?? ""
    }

    func group(_ name: String, _ more: JSONObject = [:]) async throws -> String {
        try await data(.update, "group/name/\(name)", more)["id"]?.stringValue ?? ""
    }

    func alias(_ name: String, of entity: String, on accessor: String = "auth_userpass_1") async throws -> String {
        let body: JSONObject = ["name": .string(name), "canonical_id": .string(entity), "mount_accessor": .string(accessor)]
        return try await data(.update, "entity-alias", body)["id"]?.stringValue ?? ""
    }

    func policies(_ entity: String) async throws -> [String] { try await store.resolve(entity)?.policies ?? ["(none)"] }

    /// Every key, for counting what is left.
    func keys() async throws -> [String] { try await storage.list(Listing(prefix: "", isRecursive: true)) }
}
