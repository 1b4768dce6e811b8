import Barrier
import Core
import EngineKit
import Logging
import SecretMemory
import Syntax
import TestSupport

/// A whole core over a store, unsealed, with the examples of the guides in its catalog.
struct GuideServer: Sendable {
    let core: Core
    let root: String

    static func make(over storage: any Storage = MemoryStorage()) async throws -> GuideServer {
        let (time, randomness) = (ManualTime(), SeededRandomness(seed: 7))
        let barrier = Barrier(base: storage, randomness: randomness, time: time)
        var catalog = EngineCatalog()
        catalog.addSecretsEngine(NotesEngine.description)
        catalog.addAuthMethod(BadgeMethod.description)
        let core = Core(
            settings: CoreSettings(),
            environment: CoreEnvironment(
                catalog: catalog, time: time, randomness: randomness,
                logger: Logger(label: "guides") { _ in SwiftLogNoOpLogHandler() }),
            barrier: barrier,
            seal: SealController(barrier: barrier, base: storage, seal: ShamirSeal(), randomness: randomness, time: time))
        let made = try await core.initialize(shares: try ShareCount(shares: 1, threshold: 1))
        try await core.unseal(share: made.unsealShares.first?.withBytes { Base64.encode($0) } ?? "")
        return GuideServer(core: core, root: made.rootToken)
    }

    /// Asks as the holder of a token, by default root.
    @discardableResult
    func ask(
        _ operation: EngineKit.Operation, _ path: String, body: JSONObject? = nil, token: String? = nil
    ) async -> Result<Response, CofferError> {
        await core.handle(
            CoreRequest(
                id: "guide", operation: operation, path: path, body: body?.encoded() ?? [], credentials: .token(token ?? root))
        ).outcome
    }
}

extension Result where Success == Response, Failure == CofferError {
    /// The data of a successful answer.
    var data: JSONObject? {
        guard case .success(let response) = self, case .data(let json) = response.body else { return nil }
        return (try? json.parsed())?.objectValue
    }

    /// The token of a successful login.
    var token: String? {
        guard case .success(let response) = self, case .issued(let auth)? = response.auth else { return nil }
        return auth.clientToken
    }

    var isSuccess: Bool { if case .success = self { true } else { false } }

    var code: CofferError.Code? { if case .failure(let error) = self { error.code } else { nil } }
}
