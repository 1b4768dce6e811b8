import EngineAPI
import EngineKit
import Outbound
import SecretMemory
import Synchronization
import Syntax
import TestSupport
import Testing

/// An engine control that wants to know who asks, and keeps what it was asked.
private final class ActionControl: Outbound {
    private let state = Mutex<(reply: OutboundReply, requests: [OutboundRequest])>((OutboundReply(status: 500), []))

    init(_ status: Int, _ body: String) { state.withLock { $0.reply = OutboundReply(status: status, body: Array(body.utf8)) } }

    var requests: [OutboundRequest] { state.withLock { $0.requests } }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
        state.withLock { state in
            state.requests.append(request)
            return state.reply
        }
    }
}

private func bytes(_ text: String) -> SecretBytes { SecretBytes(Array(text.utf8)) }

@Suite("Engine control that is asked about actions")
struct ActionControlTests {
    private func control(_ service: ActionControl) throws -> EngineControl {
        let engines = EngineAuthenticator(
            [EngineAccount(name: "action", keys: [bytes("action-key")])], randomness: SeededRandomness(seed: 1))
        return try #require(
            EngineControl(
                url: "http://control.test/actions/check", speech: .actions(id: "vault", key: bytes("vault-key"), engines: engines),
                outbound: service, time: ManualTime(), randomness: SeededRandomness(seed: 1)))
    }

    private func attempt(_ name: String, _ secret: String, path: String, _ operation: EngineKit.Operation = .read) throws
        -> InlineAttempt
    {
        InlineAttempt(
            credentials: InlineCredentials(kind: "engine", name: name, secret: bytes(secret)), operation: operation,
            path: try CanonicalPath(decoded: path), connection: Connection())
    }

    private static let path = "connections/tokens/project:שלום ירושלים/prod/slack"

    @Test("it is told engine, platform and action, by Coffer's own name and key and never the engine's")
    func asks() async throws {
        let service = ActionControl(200, #"{"allowed":true,"required_scopes":["chat:write"],"platform_status":"connected"}"#)
        let control = try control(service)
        guard case .granted(let grant) = try await control.authenticate(attempt("", "action-key", path: Self.path)) else {
            Issue.record("refused")
            return
        }
        #expect(grant.displayName == "engine-action")
        #expect(grant.rules.map(\.text) == ["path \"\(Self.path)\" { capabilities = [\"read\"] }"])
        let request = try #require(service.requests.first)
        let headers = Dictionary(request.headers.map { ($0.name, $0.value) }) { $1 }
        #expect(headers["X-Engine-ID"] == "vault" && headers["X-Engine-Key"] == "vault-key")
        let body = try JSON(parsing: request.body)
        #expect(body == ["engine_id": "action", "platform": "slack", "action_type": "fetch"])
        #expect(!String(decoding: request.body, as: UTF8.self).contains("action-key"))
    }

    @Test(
        "an engine without its key is refused unasked",
        arguments: [("action", "wrong", InlineRefusal.wrongSecret), ("nobody", "x", .unknownName)])
    func wrongKey(name: String, key: String, expected: InlineRefusal) async throws {
        let service = ActionControl(200, #"{"allowed":true}"#)
        guard case .refused(let refusal) = try await control(service).authenticate(attempt(name, key, path: Self.path)) else {
            Issue.record("granted")
            return
        }
        #expect(refusal == expected && service.requests.isEmpty)
    }

    @Test("what it does not allow is refused")
    func refuses() async throws {
        let service = ActionControl(200, #"{"allowed":false,"required_scopes":[],"platform_status":null}"#)
        guard case .refused(.notAllowed) = try await control(service).authenticate(attempt("action", "action-key", path: Self.path))
        else {
            Issue.record("granted")
            return
        }
    }

    @Test(
        "an answer of another form lets nobody in",
        arguments: [
            (200, #"{"allowed":true,"reason":"x"}"#), (200, #"{"allowed":"yes"}"#), (403, #"{"allowed":true}"#), (200, "[]"),
            (200, #"{"detail":"Unauthorized"}"#),
        ])
    func failsClosed(status: Int, body: String) async throws {
        let control = try control(ActionControl(status, body))
        await #expect(throws: CofferError.self) { try await control.authenticate(attempt("action", "action-key", path: Self.path)) }
    }
}
