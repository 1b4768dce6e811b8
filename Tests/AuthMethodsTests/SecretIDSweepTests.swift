import AuthMethods
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Expired secret ids") struct SecretIDSweepTests {
    private func driver(_ count: Int, ttl: Int) async throws -> AuthDriver {
        let driver = try AuthDriver(AppRoleMethod.description)
        try await driver.send(.update, "role/app", [:])
        for _ in 0..<count { try await driver.send(.update, "role/app/secret-id", ["ttl": .int(ttl)]) }
        return driver
    }

    private func round(_ driver: AuthDriver) async throws {
        await (try #require(driver.method as? any PeriodicEngine)).runRound()
    }

    @Test("leave the lists by themselves within a minute")
    func leave() async throws {
        let driver = try await driver(3, ttl: 10)
        try await driver.send(.update, "role/app/secret-id")
        try await round(driver)
        #expect(try await driver.keys("role/app/secret-id").count == 4)
        for _ in 0..<60 {
            driver.time.advance(seconds: 1)
            try await round(driver)
        }
        #expect(try await driver.keys("role/app/secret-id").count == 1)
        #expect(try await driver.records().keys.filter { $0.utf8.starts(with: "expiry/".utf8) }.isEmpty)
    }

    @Test("are looked for now and then, and a bounded number at a time")
    func bounded() async throws {
        let driver = try await driver(1_100, ttl: 10)
        driver.time.advance(seconds: 12)
        var left: [Int] = []
        for _ in 0..<3 {
            try await round(driver)
            left.append(try await driver.keys("role/app/secret-id").count)
        }
        #expect(left == [600, 100, 0])
        try await driver.send(.update, "role/app/secret-id", ["ttl": 1])
        driver.time.advance(seconds: 3)
        try await round(driver)
        #expect(try await driver.keys("role/app/secret-id").count == 1)
    }

    @Test("go although one among them is damaged")
    func damaged() async throws {
        let driver = try await driver(3, ttl: 10)
        let name = try #require(try await driver.records().keys.filter { $0.utf8.starts(with: "secret/".utf8) }.sorted().first)
        var batch = Batch()
        batch.put(name, Array("{".utf8))
        try await driver.storage.commit(batch)
        driver.time.advance(seconds: 30)
        try await round(driver)
        #expect(try await driver.keys("role/app/secret-id").count == 1)
        #expect(try await driver.records().keys.filter { $0.utf8.starts(with: "expiry/".utf8) }.isEmpty)
    }

    @Test("of a role that is not there are a 404, and destroying one that is not there is done")
    func absent() async throws {
        let driver = try await driver(0, ttl: 0)
        for path in ["secret-id", "custom-secret-id", "secret-id/lookup", "secret-id/destroy"] {
            let refusal = await driver.refusal(.update, "role/none/\(path)", ["secret_id": "x"])
            #expect(refusal?.code == .notFound && refusal?.message == "role \"none\" does not exist", "\(path)")
        }
        #expect(await driver.refusal(.list, "role/none/secret-id")?.code == .invalidRequest)
        #expect(await driver.refusal(.update, "role/app/secret-id/destroy", ["secret_id": "none"]) == nil)
        #expect(await driver.refusal(.delete, "role/none/policies") == nil)
    }
}
