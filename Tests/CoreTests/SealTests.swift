import Core
import EngineKit
import Synchronization
import Syntax
import TestSupport
import Testing

/// Stands for all that is made at unseal.
private final class Opened: InlineAuthenticator {
    func authenticate(_ attempt: InlineAttempt) async throws -> InlineVerdict { .refused(.unknownName) }
}

private final class Watch: Sendable {
    private struct Seen: Sendable { weak var opened: Opened? }
    private let seen = Mutex(Seen())
    var isThere: Bool { seen.withLock { $0.opened != nil } }
    func keep(_ opened: Opened) { seen.withLock { $0.opened = opened } }
}

@Suite struct SealTests {
    @Test func `keeps nothing of what it opened once it is sealed`() async throws {
        let watch = Watch()
        let server = try await CoreHarness.make(inline: [
            InlineAuthenticatorDescription(kind: "test") { _ in
                let opened = Opened()
                watch.keep(opened)
                return opened
            }
        ])
        #expect(watch.isThere)
        await server.core.close()
        #expect(!watch.isThere)
        #expect(await server.ask(.read, "secret/data/a").code == .sealed)
    }

    @Test func sealedServerAnswersNothingButItsStatus() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        #expect(await server.ask(.update, "sys/seal").isSuccess)
        #expect(await server.ask(.read, "secret/data/a").code == .sealed)
        #expect(await server.ask(.read, "sys/seal-status", token: nil).data?["sealed"] == true)
        #expect(await server.ask(.read, "sys/health", token: nil).response?.status == 503)
    }

    @Test func everythingIsThereAfterARestart() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        await server.writePolicy("reader", "path \"secret/data/a\" { capabilities = [\"read\"] }")
        let token = try await server.token(["reader"])
        await server.core.close()
        let again = try await server.restarted()
        #expect(await again.ask(.read, "secret/data/a", token: token).data?["data"]?["k"] == "v")
        #expect(await again.ask(.delete, "secret/data/a", token: token).code == .permissionDenied)
    }

    @Test(arguments: [("sealedcode", "299", 299), ("activecode", "204", 503)])
    func healthCodesCanBeChosen(name: String, value: String, expected: Int) async throws {
        let server = try await CoreHarness.make()
        await server.core.close()
        #expect(await server.ask(.read, "sys/health", token: nil, query: [(name, value)]).response?.status == expected)
    }

    @Test func initialisesOnce() async throws {
        let server = try await CoreHarness.make()
        let answer = await server.ask(.update, "sys/init", ["secret_shares": 1, "secret_threshold": 1], token: nil)
        #expect(answer.code == .invalidRequest)
    }

    @Test func rotationChangesTheTermAndKeepsEverything() async throws {
        let server = try await CoreHarness.make()
        await server.ask(.update, "secret/data/a", ["data": ["k": "v"]])
        #expect(await server.ask(.read, "sys/key-status").data?["term"] == 1)
        #expect(await server.ask(.update, "sys/rotate").isSuccess)
        #expect(await server.ask(.read, "sys/key-status").data?["term"] == 2)
        #expect(await server.ask(.read, "secret/data/a").data?["data"]?["k"] == "v")
    }
}
