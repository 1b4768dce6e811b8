import Core
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Rotation of the encryption key")
struct RotationTests {
    private func term(_ server: CoreHarness) async -> Int? {
        await server.ask(.read, "sys/key-status").data?["term"]?.intValue
    }

    @Test(arguments: ["sys/rotate", "sys/rotate/keyring"]) func `a new key at once, at either path`(path: String) async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.update, path).isSuccess)
        #expect(await term(server) == 2)
        let other = try await server.token(["default"])
        await server.writePolicy("rotator", "path \"sys/rotate*\" { capabilities = [\"create\", \"update\"] }")
        #expect(await server.ask(.update, path, token: other).code == .permissionDenied)
        #expect(await server.ask(.update, path, token: try await server.token(["rotator"])).code == .permissionDenied, "needs sudo")
    }

    @Test func `by itself after its interval, and not before`() async throws {
        let server = try await CoreHarness.make()
        #expect(await server.ask(.update, "sys/rotate/config", ["interval": "48h"]).isSuccess)
        server.time.advance(seconds: 48 * 3_600 - 61)
        await server.core.runJobs(round: 60)
        #expect(await term(server) == 1)
        server.time.advance(seconds: 61)
        await server.core.runJobs(round: 59)
        #expect(await term(server) == 1, "once a minute is enough")
        await server.core.runJobs(round: 60)
        await server.core.runJobs(round: 120)
        #expect(await term(server) == 2, "the new key is young")
        #expect(await server.ask(.update, "sys/rotate/config", ["enabled": false]).isSuccess)
        server.time.advance(seconds: 100 * 3_600)
        await server.core.runJobs(round: 180)
        #expect(await term(server) == 2)
    }

    @Test func `settings are kept where they are not named, and bounded`() async throws {
        let server = try await CoreHarness.make()
        let first = await server.ask(.read, "sys/rotate/config").data
        #expect(first == ["enabled": true, "interval": 0, "max_operations": 3_865_470_566])
        #expect(await server.ask(.update, "sys/rotate/keyring/config", ["interval": "24h"]).isSuccess)
        #expect(await server.ask(.update, "sys/rotate/config", ["max_operations": 2_000_000]).isSuccess)
        let second = await server.ask(.read, "sys/rotate/config").data
        #expect(second == ["enabled": true, "interval": "24h0m0s", "max_operations": 2_000_000])
        for wrong: JSONObject in [
            ["interval": "1h"], ["interval": -1], ["max_operations": 999_999], ["max_operations": 3_865_470_567],
            ["enabled": "often"],
        ] {
            #expect(await server.ask(.update, "sys/rotate/config", wrong).code == .invalidRequest)
        }
        #expect(await server.ask(.read, "sys/rotate/config").data == second)
        let again = try await server.restarted()
        #expect(await again.ask(.read, "sys/rotate/config").data == second)
    }
}
