import EngineKit
import Syntax
import TestSupport
import Testing

@Suite struct AutomaticRotationTests {
    @Test func `rotates when the period is over, once, and only keys that have one`() async throws {
        let driver = try TransitDriver()
        let periodic = try #require(driver.engine as? any PeriodicEngine)
        try await driver.write("keys/k", ["auto_rotate_period": "1h"])
        try await driver.write("keys/still")
        #expect(try await driver.read("keys/k")["auto_rotate_period"] == 3600)
        await periodic.runRound()
        driver.time.advance(seconds: 3_590)
        await periodic.runRound()
        #expect(try await driver.read("keys/k")["latest_version"] == 1)
        driver.time.advance(seconds: 70)
        await periodic.runRound()
        await periodic.runRound()
        #expect(try await driver.read("keys/k")["latest_version"] == 2)
        #expect(try await driver.read("keys/still")["latest_version"] == 1)
        try await driver.write("keys/k/config", ["auto_rotate_period": 0])
        driver.time.advance(seconds: 7_200)
        await periodic.runRound()
        #expect(try await driver.read("keys/k")["latest_version"] == 2)
    }

    @Test func `leaves an imported key alone that does not allow it`() async throws {
        let driver = try TransitDriver()
        try await driver.bring("k", "aes256-gcm96", [UInt8](0..<32))
        try await driver.write("keys/k/config", ["auto_rotate_period": "1h"])
        driver.time.advance(seconds: 7_200)
        await (driver.engine as? any PeriodicEngine)?.runRound()
        #expect(try await driver.read("keys/k")["latest_version"] == 1)
        #expect(
            await driver.refusal(
                .update, "keys/n/import", ["ciphertext": try driver.wrapped([UInt8](0..<32)), "auto_rotate_period": "1h"])
                == "allow_rotation must be set to true if auto-rotation is enabled")
    }
}
