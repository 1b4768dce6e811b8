import AuthMethods
import Barrier
import Core
import Crypto
import EngineKit
import HTTPShell
import JOSE
import Logging
import NIOHTTP1
import Syntax
import TestSupport
import UserSecretsEngine

@testable import UserAPI

/// The dialect over a whole core in memory, with time and randomness in the test's hand.
final class UserAPIHarness: Sendable {
    static let secret = "super-secret-jwt-token-with-at-least-32-characters"
    static let alice = "11111111-1111-4111-8111-111111111111"
    static let bob = "22222222-2222-4222-8222-222222222222"

    let core: Core
    let dialect: UserDialect
    let time = ManualTime()

    init(
        _ change: (inout UserSettings) -> Void = { _ in }, issuer: String = "", remote: (@Sendable () async throws -> KeySet)? = nil
    ) async throws {
        var settings = UserSettings()
        settings.origins = ["http://localhost:5173"]
        change(&settings)
        time.set(Timestamp(seconds: 1_795_000_020))
        let randomness = SeededRandomness(seed: 7)
        let storage = StampingStorage(MemoryStorage())
        let barrier = Barrier(base: storage, randomness: randomness, time: time)
        let key = Base64.encode(SeededRandomness(seed: 41).bytes(32))
        let seal = try StaticSeal(
            StaticSealConfiguration(currentKeyID: "k1", currentKey: "base64:" + key),
            sources: KeySources(lookup: { _ in nil }, readFile: { _ in [] }))
        var catalog = EngineCatalog()
        catalog.addSecretsEngine(UserSecretsEngine.description)
        catalog.addAuthMethod(
            UserpassMethod.description(hasher: ScryptHasher(cost: HashCost(rounds: 16, blockSize: 8, parallelism: 1))))
        catalog.addAuthMethod(JWTMethod.description("jwt", outbound: ScriptedOutbound(json: [:])))
        let own = remote == nil ? KeySet([try VerificationKey(sharedSecret: Array(Self.secret.utf8))]) : nil
        let tokens = UserTokens(
            own: own, remote: remote.map { [time] in RemoteKeySet(time: time, fetch: $0) }, issuer: issuer,
            audience: "authenticated",
            userClaim: settings.userClaim, time: time)
        catalog.addInlineAuthenticator(UserAuthenticator.description(tokens, mount: settings.mount))
        var coreSettings = CoreSettings()
        coreSettings.mounts = [InitialMount(path: settings.mount, type: "user-secrets", options: [:], description: "")]
        core = Core(
            settings: coreSettings,
            environment: CoreEnvironment(
                catalog: catalog, time: time, randomness: randomness,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, cluster: nil),
            barrier: barrier,
            seal: SealController(barrier: barrier, base: storage, seal: seal, randomness: randomness, time: time))
        dialect = UserDialect(pipeline: core, settings: settings, time: time)
        _ = try await core.initialize(shares: ShareCount(shares: 1, threshold: 1), rootToken: "root-token", mounts: [])
    }

    // MARK: Asking

    struct Answer {
        var status: Int
        var headers: [String: String]
        var text: String
        var json: JSON { (try? JSON(parsing: Array(text.utf8))) ?? .null }
        subscript(_ name: String) -> JSON? { json[name] }
    }

    func ask(
        _ method: String, _ path: String, _ body: JSON? = nil, bearer: String?, raw: String? = nil,
        from address: String = "192.0.2.7", headers more: [(String, String)] = []
    ) async -> Answer {
        var headers = HTTPHeaders(more)
        if let bearer { headers.add(name: "Authorization", value: bearer) }
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        let response = await dialect.respond(
            to: ShellRequest(
                id: "7b0e2f6e-0000-4000-8000-000000000001", method: method, path: parts[0], query: parts.count > 1 ? parts[1] : "",
                headers: headers, body: raw.map { Array($0.utf8) } ?? body?.encoded() ?? [],
                connection: Connection(remoteAddress: address)))
        return Answer(
            status: response.status, headers: Dictionary(response.headers.map { ($0.name, $0.value) }) { $0 + "," + $1 },
            text: String(decoding: response.body, as: UTF8.self))
    }

    func ask(_ method: String, _ path: String, _ body: JSON? = nil, as user: String = UserAPIHarness.alice) async -> Answer {
        await ask(method, path, body, bearer: "Bearer " + token(user))
    }

    @discardableResult
    func root(_ operation: EngineKit.Operation, _ path: String, _ body: JSONObject = [:]) async -> JSONObject {
        let request = CoreRequest(
            id: "root", operation: operation, path: path, body: operation == .update ? body.encoded() : [],
            credentials: .token("root-token"))
        let answer = await core.handle(request)
        if case .success(let response) = answer.outcome {
            if case .issued(let auth)? = response.auth { return ["client_token": .string(auth.clientToken)] }
            return response.object
        }
        return [:]
    }

    /// Stores a secret, and returns the answer.
    @discardableResult
    func store(_ more: JSONObject = [:], as user: String = UserAPIHarness.alice) async -> Answer {
        var body: JSONObject = [
            "name": "OpenAI API Key", "provider": "openai", "secret_type": "api_key", "value": "sk-canary-0123456789abcd",
        ]
        for member in more { body[member.key] = member.value }
        return await ask("POST", "/api/v1/secrets", .object(body), as: user)
    }

    // MARK: Tokens

    /// A token as the platform makes it, with these members changed; null leaves one out.
    func token(
        _ user: String = UserAPIHarness.alice, _ changes: JSONObject = [:], secret: String = UserAPIHarness.secret,
        header: JSONObject = ["alg": "HS256", "typ": "JWT"]
    ) -> String {
        let now = time.now().seconds
        var claims: JSONObject = [
            "sub": .string(user), "aud": "authenticated", "role": "authenticated", "iss": "https://x.supabase.co/auth/v1",
            "iat": .int(now - 10), "exp": .int(now + 3_600), "email": "a@b.example", "user_metadata": [:],
        ]
        for member in changes { claims[member.key] = member.value }
        let kept = JSONObject(claims.members.filter { !$0.value.isNull })
        let signed = Base64.encode(header.encoded(), as: .url) + "." + Base64.encode(kept.encoded(), as: .url)
        let code = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: SymmetricKey(data: Array(secret.utf8)))
        return signed + "." + Base64.encode(Array(code), as: .url)
    }
}
