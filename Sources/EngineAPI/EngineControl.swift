import Crypto
package import EngineKit
package import Outbound
package import SecretMemory
import Synchronization
import Syntax

/// An external service that decides what each engine may do. Its answers are cached for a few seconds; without an answer,
/// every call is denied. A stored policy `engine-NAME` can deny what the service allows.
package struct EngineControl: InlineAuthenticator {
    /// The protocol of the service.
    package enum Speech: Sendable {
        /// A request `{engine_id, token, action, resource}` is answered with `{allowed, reason}`. The service knows the
        /// engines' keys.
        case decisions
        /// Coffer identifies itself in headers, as an engine does. A request `{engine_id, platform, action_type}` is
        /// answered with `{allowed, required_scopes, platform_status}`. Coffer checks the engines' keys before it asks.
        case actions(id: String, key: SecretBytes, engines: EngineAuthenticator)
    }

    private let url: String
    private let speech: Speech
    private let host: String
    private let outbound: any Outbound
    private let time: any TimeSource
    private let key: SecretBytes
    private let cache = Cache()

    static let cacheSeconds = 5
    private static let cacheMax = 4_096

    /// Returns nil if the text is not the URL of an HTTP service.
    package init?(
        url: String, speech: Speech = .decisions, outbound: any Outbound, time: any TimeSource, randomness: any Randomness
    ) {
        guard let parsed = OutboundURL(url) else { return nil }
        self.url = url
        self.speech = speech
        host = parsed.host
        self.outbound = outbound
        self.time = time
        key = SecretBytes(randomness.bytes(32))
    }

    private final class Cache: Sendable {
        let entries = Mutex<[[UInt8]: (until: Int, verdict: InlineVerdict)]>([:])
    }

    /// Asks the service whether the engine may perform the request.
    package func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict {
        var name = attempt.credentials.name
        var policies = name.isEmpty ? [] : ["engine-\(name)"]
        if case .actions(_, _, let engines) = speech {
            switch try await engines.authenticate(attempt) {
            case .granted(let grant):
                // The service cannot be asked about an engine without a name.
                guard let engine = grant.displayName.removingUTF8Prefix("engine-"), !engine.isEmpty else {
                    return .refused(.notAllowed)
                }
                name = String(engine)
                policies = grant.policies
            case let refused: return refused
            }
        }
        guard let action = Self.action(attempt), let rule = Self.rule(attempt) else { return .refused(.notAllowed) }
        let digest = self.digest(attempt, action)
        let now = time.now().seconds
        if let held = cache.entries.withLock({ $0[digest] }), held.until > now { return held.verdict }
        let verdict = try await ask(attempt, name, policies: policies, action: action, rule: rule)
        cache.entries.withLock { entries in
            if entries.count >= Self.cacheMax { entries.removeAll() }
            entries[digest] = (now + Self.cacheSeconds, verdict)
        }
        return verdict
    }

    private func ask(
        _ attempt: InlineAttempt, _ name: String, policies: [String], action: String, rule: InlinePolicy
    ) async throws -> InlineVerdict {
        let reply: OutboundReply
        do throws(OutboundError) {
            reply = try await outbound.send(request(attempt, name, action: action))
        } catch {
            throw CofferError(
                .unavailable,
                "the engine control service does not answer, so every call is denied; check that it is running and reachable")
        }
        // Only this form of answer can allow anything.
        guard reply.status == 200, reply.contentType == "application/json",
            let object = (try? JSON(parsing: reply.body, limits: JSONLimits(depthMax: 4, nodesMax: 256)))?.objectValue,
            let isAllowed = object["allowed"]?.boolValue, Set(object.keys).isSubset(of: members)
        else {
            throw CofferError(
                .unavailable,
                "the engine control service answered in an unknown form, so the call is denied; check its URL and protocol")
        }
        if isAllowed {
            return .granted(
                InlineGrant(
                    displayName: "engine-\(name)", policies: policies, rules: [rule], limit: Self.limit(attempt)))
        }
        return .refused(object["reason"]?.stringValue == "unknown_engine" ? .unknownName : .notAllowed)
    }

    private func request(_ attempt: InlineAttempt, _ name: String, action: String) -> OutboundRequest {
        var request = OutboundRequest(.post, url, allowedHosts: [host])
        request.headers = [("Content-Type", "application/json")]
        let body: JSONObject
        switch speech {
        case .decisions:
            let token = attempt.credentials.secret.withBytes { String(decoding: $0, as: UTF8.self) }
            body = [
                "engine_id": .string(name), "token": .string(token), "action": .string(action),
                "resource": .string(attempt.path.text),
            ]
        case .actions(let id, let key, _):
            request.headers += [("X-Engine-ID", id), ("X-Engine-Key", key.withBytes { String(decoding: $0, as: UTF8.self) })]
            body = ["engine_id": .string(name), "platform": .string(Self.platform(attempt)), "action_type": .string(action)]
        }
        request.body = body.encoded()
        return request
    }

    /// The members that an answer may have. Only `allowed` decides; the others are for the engine.
    private var members: Set<String> {
        switch speech {
        case .decisions: ["allowed", "reason"]
        case .actions: ["allowed", "required_scopes", "platform_status"]
        }
    }

    /// Returns the platform that the request is about, or an empty string.
    private static func platform(_ attempt: InlineAttempt) -> String {
        let parts = attempt.path.text.splitUTF8(at: "/")
        return parts.count == 5 && parts[1] == "tokens" ? String(parts[4]) : ""
    }

    private func digest(_ attempt: InlineAttempt, _ action: String) -> [UInt8] {
        var text = Array("\(attempt.credentials.name)\0\(action)\0\(attempt.path)\0".utf8)
        attempt.credentials.secret.withBytes { text += Array($0) }
        defer { zero(&text) }
        return key.withBytes { Array(HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: $0))) }
    }

    private static func action(_ attempt: InlineAttempt) -> String? {
        let parts = attempt.path.text.splitUTF8(at: "/")
        guard parts.count >= 2 else { return nil }
        switch (parts[1], attempt.operation) {
        case ("tokens", .read): return "fetch"
        case ("tokens", .create), ("tokens", .update): return "store"
        case ("tokens", .delete), ("owners", .delete): return "delete"
        case ("status", .read): return "status"
        case ("owners", .list): return "list"
        default: return nil
        }
    }

    /// Returns a limit to what the service was asked about, because a stored policy may grant more.
    private static func limit(_ attempt: InlineAttempt) -> Narrowing {
        let path = attempt.path.description
        let isWrite = attempt.operation.isWrite
        return Narrowing { [operation = attempt.operation] asked, place in
            place.equalsUTF8(path) && (asked == operation || isWrite && asked.isWrite)
        }
    }

    /// Returns a policy that allows this path only, or nil if a policy would read the path as a pattern.
    private static func rule(_ attempt: InlineAttempt) -> InlinePolicy? {
        let path = attempt.path.description
        guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && !"*\"\\{}$%".utf8.contains($0) }),
            !path.splitUTF8(at: "/").contains("+")
        else { return nil }
        let capabilities =
            switch attempt.operation {
            case .read, .help: #""read""#
            case .list: #""list""#
            case .create, .update, .patch: #""create", "update""#
            case .delete: #""delete""#
            }
        return InlinePolicy(name: "engine-control", text: "path \"\(path)\" { capabilities = [\(capabilities)] }")
    }
}
