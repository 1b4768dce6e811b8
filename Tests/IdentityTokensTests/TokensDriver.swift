import EngineKit
import Identity
import JOSE
import Logging
import Syntax
import TestSupport
import Testing

@testable import IdentityTokens

/// Drives `identity/` with identity tokens through its declarations, as the pipeline does: route, validate, handle.
struct TokensDriver: Sendable {
    let identity: IdentityStore
    let tokens: IdentityTokens
    let engine: IdentityEngine
    let storage: any Storage
    let time: ManualTime
    static let address = "https://coffer.example:8200"
    static let issuer = address + "/v1/identity/oidc"

    init(
        storage: any Storage = StampingStorage(MemoryStorage()), time: ManualTime = ManualTime(), seed: UInt64 = 1,
        address: String = TokensDriver.address, loggedInAt: Timestamp? = nil
    ) {
        self.storage = storage
        self.time = time
        let randomness = SeededRandomness(seed: seed)
        identity = IdentityStore(storage: PrefixedStorage(storage, prefix: "identity/"), time: time, randomness: randomness)
        tokens = IdentityTokens(
            storage: PrefixedStorage(storage, prefix: "tokens/"), identity: identity,
            surroundings: .init(address: address) { _ in loggedInAt }, time: time, randomness: randomness,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        engine = IdentityEngine(store: identity, morePaths: tokens.paths) { accessor in
            accessor == "auth_userpass_1" ? IdentityMount(path: "auth/userpass/", type: "userpass", isAuth: true) : nil
        }
    }

    /// Sends a request as an entity.
    @discardableResult
    func send(
        _ operation: Operation, _ path: String, _ body: JSONObject = [:], as entity: String? = nil, form: String? = nil,
        bearer: String? = nil, basic: String? = nil
    ) async throws -> Response {
        let canonical = try CanonicalPath(decoded: "identity/" + path)
        let found = engine.paths.lazy.compactMap { declared in declared.pattern.match(path[...]).map { (declared, $0) } }.first
        guard let (declared, captures) = found else { throw CofferError(.notFound, "no handler for route") }
        var input = body
        for pair in captures.pairs { input[pair.name] = .string(pair.value) }
        var request = Request(
            id: "1", operation: operation, path: canonical, mountPath: "identity/", captures: captures,
            fields: try Fields(validating: input, as: declared.fields), body: body)
        if let entity {
            request.caller = Caller(accessor: "a", displayName: "d", entityID: entity, policies: ["default"], tokenID: "t")
        }
        if let form { request.rawBody = RawContent(Array(form.utf8), contentType: "application/x-www-form-urlencoded") }
        request.presentedToken = bearer
        if let basic { request.authorization = basic }
        guard let endpoint = declared.endpoint(for: operation) else { throw CofferError(.methodNotAllowed) }
        return try await endpoint.handler(request)
    }

    @discardableResult
    func data(
        _ operation: Operation, _ path: String, _ body: JSONObject = [:], as entity: String? = nil
    ) async throws -> JSONObject {
        switch try await send(operation, path, body, as: entity).body {
        case .data(let data), .bare(let data): data.objectValue ?? [:]
        default: [:]
        }
    }

    /// Why it was refused; nil when it was not.
    func refusal(
        _ operation: Operation, _ path: String, _ body: JSONObject = [:], as entity: String? = nil
    ) async -> CofferError? {
        do { try await send(operation, path, body, as: entity) } catch { return CofferError(wrapping: error) }
        return nil
    }

    func entity(_ name: String, _ more: JSONObject = [:]) async throws -> String {
        try await data(.update, "entity/name/\(name)", more)["id"]?.stringValue ?? ""
    }

    /// The keys that the document of that path publishes.
    func keySet(_ path: String = "oidc/.well-known/keys") async throws -> KeySet {
        try KeySet(parsing: JSON.object(try await data(.read, path)).encoded())
    }

    /// A token of a role for an entity.
    func token(_ role: String, of entity: String) async throws -> String {
        try await data(.read, "oidc/token/\(role)", as: entity)["token"]?.stringValue ?? ""
    }

    /// The claims of a token, after verifying it with the published keys.
    func claims(_ token: String, keys path: String = "oidc/.well-known/keys") async throws -> TokenClaims {
        let signed = try SignedToken(token)
        #expect(try await keySet(path).verifies(signed))
        return try TokenClaims(payload: signed.payload)
    }
}
