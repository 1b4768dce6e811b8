import DatabaseClients
import Databases
import EngineKit
import Foundation
import Syntax
import TestSupport
import Testing

/// What every driver must do, with real servers. `scripts/run-tests` starts them and says where they are; there the
/// tests may not be left out.
@Suite("Drivers", .serialized)
struct DriverContractTests {
    struct Target: Sendable, CustomTestStringConvertible {
        var plugin: DatabasePlugin
        var details: JSONObject
        var username: String
        var password: String
        var creation: String

        var testDescription: String { plugin.name }

        func driver(_ username: String? = nil, _ password: String? = nil) throws -> any DatabaseDriver {
            try plugin.make(
                DriverSettings(
                    details: details, username: username ?? self.username, password: password ?? self.password, time: ManualTime()))
        }

        func canLogIn(_ username: String, _ password: String) async throws -> Bool {
            let driver = try driver(username, password)
            defer { driver.close() }
            do {
                try await driver.verifyConnection()
                return true
            } catch {
                return false
            }
        }
    }

    /// `COFFER_TEST_POSTGRES` and `COFFER_TEST_REDIS`: port, user and password with spaces between.
    static let targets: [Target] = {
        func words(_ name: String) -> [String]? {
            ProcessInfo.processInfo.environment[name].map { $0.split(separator: " ").map(String.init) }
        }
        var targets: [Target] = []
        for plugin in DatabasePlugin.builtIn {
            if plugin.name == "postgresql-database-plugin", let words = words("COFFER_TEST_POSTGRES") {
                let url = "postgresql://{{username}}:{{password}}@127.0.0.1:\(words[0])/app"
                targets.append(
                    Target(
                        plugin: plugin, details: ["connection_url": .string(url)], username: words[1], password: words[2],
                        creation: #"CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"#))
            }
            if plugin.name == "redis-database-plugin", let words = words("COFFER_TEST_REDIS") {
                targets.append(
                    Target(
                        plugin: plugin, details: ["host": "127.0.0.1", "port": .int(Int(words[0]) ?? 0)], username: words[1],
                        password: words[2], creation: #"["+ping", "+@read", "~app:*"]"#))
            }
        }
        return targets
    }()

    static func newUser(_ target: Target, end: Int = 3_600, password: String = "it's \"a\\ password") -> NewUser {
        NewUser(
            name: "v-contract-" + SystemRandomness().uuid().prefix(8), password: password,
            expiresAt: SteadyTime().now().adding(seconds: end), creation: [target.creation])
    }

    @Test("the servers are there where the whole suite runs")
    func serversAreThere() {
        let isRequired = ProcessInfo.processInfo.environment["COFFER_REQUIRE_DATABASES"] == "1"
        #expect(!isRequired || Self.targets.count == 2)
    }

    @Test("a user that was made can log in, and one that was deleted cannot; deleting again is no error", arguments: targets)
    func comesAndGoes(target: Target) async throws {
        let driver = try target.driver()
        defer { driver.close() }
        let user = Self.newUser(target)
        try await driver.createUser(user)
        #expect(try await target.canLogIn(user.name, user.password))
        #expect(try await !target.canLogIn(user.name, "wrong"))
        try await driver.renewUser(user.name, until: user.expiresAt.adding(seconds: 60), statements: [])
        try await driver.deleteUser(user.name, statements: [])
        #expect(try await !target.canLogIn(user.name, user.password))
        try await driver.deleteUser(user.name, statements: [])
    }

    @Test("a password that was set is the only one in force; nobody's password cannot be set", arguments: targets)
    func setsPasswords(target: Target) async throws {
        let driver = try target.driver()
        defer { driver.close() }
        let user = Self.newUser(target)
        try await driver.createUser(user)
        try await driver.setPassword(of: user.name, to: "second'\\\"", statements: [])
        #expect(try await target.canLogIn(user.name, "second'\\\""))
        #expect(try await !target.canLogIn(user.name, user.password))
        try await driver.deleteUser(user.name, statements: [])
        await #expect(throws: DatabaseError.self) {
            try await driver.setPassword(of: user.name, to: "x", statements: [])
        }
        #expect(try await !target.canLogIn(user.name, "x"))
    }

    @Test("a creation that fails leaves no user", arguments: targets)
    func failsWhole(target: Target) async throws {
        let driver = try target.driver()
        defer { driver.close() }
        var user = Self.newUser(target)
        user.creation.append(target.plugin.name.hasPrefix("redis") ? #"["+@none-such"]"# : "SELECT 1/0")
        await #expect(throws: DatabaseError.self) { try await driver.createUser(user) }
        #expect(try await !target.canLogIn(user.name, user.password))
    }

    @Test("more callers than connections wait their turn", arguments: targets)
    func waitsItsTurn(target: Target) async throws {
        var target = target
        target.details["max_open_connections"] = 2
        let driver = try target.driver()
        defer { driver.close() }
        try await withThrowingTaskGroup { group in
            for _ in 0..<40 { group.addTask { try await driver.verifyConnection() } }
            try await group.waitForAll()
        }
    }

    @Test("the user that we log in with is not deleted", arguments: targets)
    func keepsItsOwn(target: Target) async throws {
        let driver = try target.driver()
        defer { driver.close() }
        await #expect(throws: DatabaseError.invalid("this is the user that Coffer logs in with, which cannot be dropped")) {
            try await driver.deleteUser(target.username, statements: [])
        }
        // With a new connection: one that is open outlives its user.
        #expect(try await target.canLogIn(target.username, target.password))
    }

    @Test("a server that is not there is an error that names nothing secret", arguments: targets)
    func isAway(target: Target) async throws {
        var target = target
        target.details["connection_url"] = "postgresql://{{username}}:{{password}}@127.0.0.1:1/app"
        target.details["port"] = 1
        let driver = try target.driver("canary-user", "canary-password")
        defer { driver.close() }
        do throws(DatabaseError) {
            try await driver.verifyConnection()
            Issue.record("it answered")
        } catch {
            guard case .unavailable(let message) = error else {
                Issue.record("another error")
                return
            }
            #expect(!message.contains("canary"))
        }
    }
}
