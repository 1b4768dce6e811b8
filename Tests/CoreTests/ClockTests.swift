import Core
import EngineKit
import Logging
import Syntax
import TestSupport
import Testing

@Suite("Time over restarts")
struct ClockTests {
    private static let days30 = 30 * 86_400

    /// The same store under another clock.
    private func restarted(
        _ harness: CoreHarness, seconds: Int, settings: CoreSettings = CoreSettings()
    ) async throws -> CoreHarness {
        await harness.core.close()
        let again = try await harness.restarted(settings: settings, clock: harness.time.now().adding(seconds: seconds))
        return again
    }

    private func secondsLeft(_ harness: CoreHarness, _ token: String) async -> Int? {
        await harness.ask(.read, "auth/token/lookup-self", token: token).data?["ttl"]?.intValue
    }

    @Test("a start under an older clock stretches no token's life")
    func token() async throws {
        let first = try await CoreHarness.make()
        let token = try await first.token(["default"], ["ttl": "60s"])
        let second = try await restarted(first, seconds: -Self.days30)
        let left = try #require(await secondsLeft(second, token))
        #expect(left <= 60)
        second.time.advance(seconds: 61)
        #expect(await secondsLeft(second, token) == nil)
    }

    @Test("nor a wrapped answer's, nor a secret id's, nor a lease's")
    func others() async throws {
        let first = try await CoreHarness.make()
        await first.ask(.update, "secret/data/x", ["data": ["a": "b"]])
        let wrapped = try #require(await first.ask(.read, "secret/data/x", wrapTTL: 60).wrapInfo?.token)
        #expect(await first.ask(.update, "sys/auth/approle", ["type": "approle"]).isSuccess)
        #expect(await first.ask(.update, "auth/approle/role/r", ["secret_id_ttl": "60s"]).isSuccess)
        let role = await first.ask(.read, "auth/approle/role/r/role-id").data?["role_id"]?.stringValue ?? ""
        let secret = await first.ask(.update, "auth/approle/role/r/secret-id").data?["secret_id"]?.stringValue ?? ""
        let second = try await restarted(first, seconds: -Self.days30)
        second.time.advance(seconds: 61)
        #expect(await second.ask(.update, "sys/wrapping/unwrap", token: wrapped).error != nil)
        let login: JSONObject = ["role_id": .string(role), "secret_id": .string(secret)]
        #expect(await second.ask(.update, "auth/approle/login", login, token: nil).error != nil)
    }

    @Test("what is made under the older clock lives as long as it should once the clock is right")
    func corrected() async throws {
        let first = try await CoreHarness.make()
        let second = try await restarted(first, seconds: -Self.days30)
        let token = try await second.token(["default"], ["ttl": "1h"])
        // The clock is set right, a minute later than it was.
        second.time.setSystem(to: second.time.now().adding(seconds: 60))
        second.core.watch()
        #expect(try #require(await secondsLeft(second, token)) == 3_540)
        // From then on steps move nothing.
        second.time.setSystem(to: second.time.now().adding(seconds: 10 * Self.days30))
        second.core.watch()
        #expect(try #require(await secondsLeft(second, token)) == 3_540)
    }

    @Test("an operator has a later clock followed by asking for it, and an earlier one never")
    func asked() async throws {
        let harness = try await CoreHarness.make()
        let token = try await harness.token(["default"], ["ttl": "1h"])
        harness.time.setSystem(to: harness.time.now().adding(seconds: -Self.days30))
        harness.core.reload()
        #expect(await secondsLeft(harness, token) == 3_600)
        harness.time.setSystem(to: harness.time.now().adding(seconds: 600))
        harness.core.reload()
        #expect(await secondsLeft(harness, token) == 3_000)
    }

    @Test("the store's time can be taken back when it was the wrong one; what was made under it is not believed")
    func takenBack() async throws {
        let first = try await CoreHarness.make()
        first.time.advance(seconds: Self.days30)
        let token = try await first.token(["default"], ["ttl": "60s"])
        var settings = CoreSettings()
        settings.acceptsEarlierClock = true
        let second = try await restarted(first, seconds: -Self.days30, settings: settings)
        #expect(second.time.now() < first.time.now())
        #expect(await secondsLeft(second, token) == nil)
        #expect(await second.ask(.read, "auth/token/lookup-self").isSuccess)
        // Without the setting the next start goes on from there.
        let third = try await restarted(second, seconds: 0)
        #expect(third.time.now() == second.time.now())
    }

    @Test("the latest time is written each minute, so a crash loses no more")
    func written() async throws {
        let first = try await CoreHarness.make()
        first.time.advance(seconds: 3_600)
        await first.core.runJobs(round: 60)
        let second = try await first.restarted(clock: first.time.now().adding(seconds: -Self.days30))
        #expect(second.time.now() == first.time.now())
    }
}
