import AuthMethods
import Barrier
import Core
import DatabaseEngine
import EngineKit
import KVEngine
import Logging
import Syntax
import TestSupport
import TransitEngine

/// A whole core in memory, with time and randomness in the test's hand.
final class CoreHarness: Sendable {
    let core: Core
    let time = ManualTime()
    let storage: any Storage
    let root: String
    /// What mounts of the type `test` hold.
    let engine: TestEngine

    /// Initialised and, unless the seal wants shares, open.
    static func make(
        storage: any Storage = MemoryStorage(), settings: CoreSettings = CoreSettings(), seed: UInt64 = 7,
        inline: [InlineAuthenticatorDescription] = [], engines: [EngineDescription] = [], cluster: (any Cluster)? = nil
    ) async throws -> CoreHarness {
        let harness = try CoreHarness(
            storage: storage, settings: settings, seed: seed, root: "root-token", engine: TestEngine(), inline: inline,
            engines: engines, cluster: cluster)
        _ = try await harness.core.initialize(
            shares: ShareCount(shares: 1, threshold: 1), rootToken: "root-token",
            mounts: [.init(path: "secret/", type: "kv", options: ["version": "2"], description: "")])
        return harness
    }

    /// The same store, as another start of the server sees it.
    func restarted(
        settings: CoreSettings = CoreSettings(), inline: [InlineAuthenticatorDescription] = [], clock: Timestamp? = nil
    ) async throws -> CoreHarness {
        let harness = try CoreHarness(
            storage: storage, settings: settings, seed: 99, root: root, engine: engine, start: clock ?? time.now(), inline: inline)
        try await harness.core.start()
        return harness
    }

    /// Another node over the same store, sealed.
    func beside(
        storage: any Storage, cluster: (any Cluster)?, seed: UInt64 = 1_234, settings: CoreSettings = CoreSettings(),
        clock: Timestamp? = nil
    ) throws -> CoreHarness {
        try CoreHarness(
            storage: storage, settings: settings, seed: seed, root: root, engine: TestEngine(), start: clock ?? time.now(),
            inline: [],
            cluster: cluster)
    }

    private init(
        storage: any Storage, settings: CoreSettings, seed: UInt64, root: String, engine: TestEngine, start: Timestamp? = nil,
        inline: [InlineAuthenticatorDescription], engines: [EngineDescription] = [], cluster: (any Cluster)? = nil
    ) throws {
        self.engine = engine
        self.storage = storage
        self.root = root
        if let start { time.set(start) }
        let randomness = SeededRandomness(seed: seed)
        let barrier = Barrier(base: storage, randomness: randomness, time: time)
        let key = SeededRandomness(seed: 41).bytes(32)
        let seal = try StaticSeal(
            StaticSealConfiguration(
                currentKeyID: "k1",
                currentKey: key.map { byte in
                    let text = String(byte, radix: 16)
                    return text.utf8.count == 1 ? "0" + text : text
                }.joined()),
            sources: KeySources(lookup: { _ in nil }, readFile: { _ in [] }))
        var catalog = EngineCatalog()
        catalog.addSecretsEngine(KVEngine.description)
        let engine = engine
        catalog.addSecretsEngine(EngineDescription(type: "test", summary: "For tests.", make: { _ in engine }))
        catalog.addSecretsEngine(
            EngineDescription(type: "own", summary: "Acts for the server.", isServersOwn: true, make: { _ in engine }))
        catalog.addSecretsEngine(TransitEngine.description)
        catalog.addSecretsEngine(DatabaseEngine.description(randomness: randomness))
        for description in engines { catalog.addSecretsEngine(description) }
        catalog.addAuthMethod(AppRoleMethod.description)
        catalog.addAuthMethod(
            UserpassMethod.description(hasher: ScryptHasher(cost: HashCost(rounds: 16, blockSize: 8, parallelism: 1))))
        for description in inline { catalog.addInlineAuthenticator(description) }
        core = Core(
            settings: settings,
            environment: CoreEnvironment(
                catalog: catalog, time: time, randomness: randomness,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, cluster: cluster),
            barrier: barrier,
            seal: SealController(barrier: barrier, base: storage, seal: seal, randomness: randomness, time: time))
    }

    // MARK: Asking

    struct Answer {
        var outcome: Result<Response, CofferError>

        var data: JSONObject? {
            guard case .success(let response) = outcome else { return nil }
            switch response.body {
            case .data(let json), .bare(let json): return (try? json.parsed())?.objectValue
            case .none, .raw, .stream: return nil
            }
        }

        var error: CofferError? { if case .failure(let error) = outcome { error } else { nil } }
        var code: CofferError.Code? { error?.code }
        var isSuccess: Bool { error == nil }
        var issued: IssuedAuth? {
            if case .success(let response) = outcome, case .issued(let auth)? = response.auth { auth } else { nil }
        }
        var lease: LeaseShown? {
            if case .held(let lease)? = response?.lease { lease } else { nil }
        }
        var wrapInfo: WrapInfo? { response?.wrapInfo }
        var response: Response? { if case .success(let response) = outcome { response } else { nil } }
    }

    @discardableResult
    func ask(
        _ operation: EngineKit.Operation, _ path: String, _ body: JSONObject? = nil, token: String? = "",
        query: [(name: String, value: String)] = [],
        from address: String = "127.0.0.1", wrapTTL: Int? = nil
    ) async -> Answer {
        var request = CoreRequest(id: "test", operation: operation, path: path, query: query)
        if let body { request.body = body.encoded() }
        if let token { request.credentials = .token(token.isEmpty ? root : token) }
        request.connection = Connection(remoteAddress: address)
        request.wrapTTL = wrapTTL
        return Answer(outcome: await core.handle(request).outcome)
    }

    func writePolicy(_ name: String, _ text: String) async {
        await ask(.update, "sys/policies/acl/\(name)", ["policy": .string(text)])
    }

    /// A child of root with these policies.
    func token(_ policies: [String], _ more: JSONObject = [:]) async throws -> String {
        var body = more
        body["policies"] = .strings(policies)
        let answer = await ask(.update, "auth/token/create", body)
        guard let issued = answer.issued else { throw answer.error ?? .notFound }
        return issued.clientToken
    }
}
