import EngineAPI
import EngineKit
import Outbound
import SecretMemory
import Synchronization
import Syntax
import TestSupport
import Testing

private func attempt(
    _ name: String, _ secret: String, _ operation: EngineKit.Operation = .read,
    path: String = "connections/tokens/user:u1/prod/slack"
) throws -> InlineAttempt {
    InlineAttempt(
        credentials: InlineCredentials(kind: "engine", name: name, secret: SecretBytes(Array(secret.utf8))), operation: operation,
        path: try CanonicalPath(decoded: path), connection: Connection())
}

@Suite("Engine keys")
struct AuthenticatorTests {
    private let authenticator = EngineAuthenticator(
        [
            EngineAccount(name: "ActionEngine", keys: ["new", "old"].map { SecretBytes(Array($0.utf8)) }),
            EngineAccount(name: "sync", keys: [SecretBytes(Array("sync-key".utf8))], policies: ["more"]),
        ], randomness: SeededRandomness(seed: 1))

    @Test(
        "knows an engine by any of its keys, and by its key alone",
        arguments: [("action", "new", "engine-action"), ("action", "old", "engine-action"), ("", "sync-key", "engine-sync")])
    func known(name: String, key: String, expected: String) async throws {
        guard case .granted(let grant) = try await authenticator.authenticate(attempt(name, key)) else {
            Issue.record("refused")
            return
        }
        #expect(grant.displayName == expected)
        #expect(grant.policies.contains(expected) && !grant.rules.isEmpty)
    }

    @Test(
        "refuses another engine's key, a wrong one and an unknown engine",
        arguments: [
            ("action", "sync-key", InlineRefusal.wrongSecret), ("action", "newer", .wrongSecret), ("action", "", .wrongSecret),
            ("nobody", "new", .unknownName), ("", "nothing", .unknownName),
        ])
    func refused(name: String, key: String, expected: InlineRefusal) async throws {
        guard case .refused(let refusal) = try await authenticator.authenticate(attempt(name, key)) else {
            Issue.record("granted")
            return
        }
        #expect(refusal == expected)
    }
}

/// A control service that answers as told.
private final class Control: Outbound {
    private let state = Mutex<(reply: Result<OutboundReply, OutboundError>, calls: Int)>((.failure(.notSent(.unreachable)), 0))

    init(_ body: String) { answer(200, body) }
    init(_ status: Int, _ body: String, type: String) { answer(status, body, type: type) }

    func answer(_ status: Int, _ body: String, type: String = "application/json") {
        state.withLock { $0.reply = .success(OutboundReply(status: status, contentType: type, body: Array(body.utf8))) }
    }

    var calls: Int { state.withLock { $0.calls } }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundReply {
        try state.withLock { state in
            state.calls += 1
            return state.reply
        }.get()
    }
}

@Suite("Engine control")
struct ControlTests {
    @Test("what it allows is this path and operation alone, and is believed for a few seconds")
    func allows() async throws {
        let (service, time) = (Control(#"{"allowed":true}"#), ManualTime())
        let control = try #require(
            EngineControl(url: "http://control.test/", outbound: service, time: time, randomness: SeededRandomness(seed: 1)))
        for _ in 0..<3 {
            guard case .granted(let grant) = try await control.authenticate(attempt("action", "k")) else {
                Issue.record("refused")
                return
            }
            #expect(grant.rules.map(\.text) == [#"path "connections/tokens/user:u1/prod/slack" { capabilities = ["read"] }"#])
        }
        #expect(service.calls == 1)
        service.answer(200, #"{"allowed":false}"#)
        _ = try await control.authenticate(attempt("action", "other key"))
        #expect(service.calls == 2)
        time.advance(seconds: 6)
        guard case .refused(.notAllowed) = try await control.authenticate(attempt("action", "k")) else {
            Issue.record("believed for too long")
            return
        }
    }

    @Test("what stored policies deny holds for whom it allows, and what they grant is not added")
    func storedPolicies() async throws {
        let control = try #require(
            EngineControl(
                url: "http://control.test/", outbound: Control(#"{"allowed":true}"#), time: ManualTime(),
                randomness: SeededRandomness(seed: 1)))
        guard case .granted(let grant) = try await control.authenticate(attempt("action", "k", .update)) else {
            Issue.record("refused")
            return
        }
        #expect(grant.policies == ["engine-action"])
        let limit = try #require(grant.limit)
        let path = "connections/tokens/user:u1/prod/slack"
        #expect(limit(.update, path) && limit(.create, path))
        #expect(!limit(.read, path) && !limit(.delete, path) && !limit(.update, path + "/refresh") && !limit(.update, ""))
        guard case .granted(let nameless) = try await control.authenticate(attempt("", "k")) else {
            Issue.record("refused")
            return
        }
        #expect(nameless.policies.isEmpty)
    }

    @Test(
        "an answer of another form lets nobody in",
        arguments: [
            (200, #"{"allowed":"true"}"#, "application/json"), (200, #"{"allowed":1}"#, "application/json"),
            (200, #"{"allowed":true,"x":1}"#, "application/json"), (200, "true", "application/json"), (200, "", "application/json"),
            (200, #"{"allowed":false,"allowed":true}"#, "application/json"), (200, #"{"allowed":true}"#, "text/html"),
            (201, #"{"allowed":true}"#, "application/json"), (500, #"{"allowed":true}"#, "application/json"),
        ])
    func failsClosed(status: Int, body: String, type: String) async throws {
        let control = try #require(
            EngineControl(
                url: "http://control.test/", outbound: Control(status, body, type: type), time: ManualTime(),
                randomness: SeededRandomness(seed: 1)))
        await #expect(throws: CofferError.self) { try await control.authenticate(attempt("action", "k")) }
    }

    @Test(
        "a path that a policy would read as a pattern is refused unasked",
        arguments: [
            "connections/tokens/+/prod/slack", "connections/tokens/user:*/prod/slack", "connections/platforms/google", "sys",
        ])
    func patterns(path: String) async throws {
        let service = Control(#"{"allowed":true}"#)
        let control = try #require(
            EngineControl(url: "http://control.test/", outbound: service, time: ManualTime(), randomness: SeededRandomness(seed: 1))
        )
        guard case .refused(.notAllowed) = try await control.authenticate(attempt("action", "k", path: path)) else {
            Issue.record("granted")
            return
        }
        #expect(service.calls == 0)
    }
}
