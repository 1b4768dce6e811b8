import DatabaseClients
import EngineKit
import Foundation
import Logging
import TestSupport
import Testing

@testable import StorePostgres

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The database that the tests were given; `Tests/acceptance/databases.py` starts it.
enum PostgresServer {
    /// `COFFER_TEST_POSTGRES` is the port, user and password of a superuser.
    static let url: String? = {
        let words = (ProcessInfo.processInfo.environment["COFFER_TEST_POSTGRES"] ?? "").split(separator: " ").map(String.init)
        return words.count == 3 ? "postgresql://\(words[1]):\(words[2])@127.0.0.1:\(words[0])/app" : nil
    }()

    static let isRequired = ProcessInfo.processInfo.environment["COFFER_REQUIRE_DATABASES"] == "1"
    static var isThere: Bool { url != nil || isRequired }

    static func settings(table: String = freshTable()) throws -> PostgresSettings {
        var settings = PostgresSettings(connectionURL: try #require(url, "COFFER_TEST_POSTGRES names no server"))
        settings.table = table
        // Tells this store's sessions from those of the other tests.
        settings.connectionURL += "?application_name=\(table)"
        settings.parallelMax = 4
        return settings
    }

    static func freshTable() -> String {
        "t_" + SystemRandomness().uuid().replacingOccurrences(of: "-", with: "_")
    }

    static func open(_ settings: PostgresSettings, name: String = "node") async throws -> PostgresStorage {
        try await PostgresStorage(
            settings, NodeIdentity(name: name), time: SteadyTime(), randomness: SystemRandomness(), logger: quiet)
    }

    /// Why a store does not open; nil when it does.
    static func refusal(_ settings: PostgresSettings) async throws -> PostgresStorageError? {
        do {
            await (try open(settings)).close()
            return nil
        } catch let error as PostgresStorageError {
            return error
        }
    }

    /// A session of the tests' own.
    static func session() throws -> PostgresConnection {
        try PostgresConnection(PostgresTarget(url: try #require(url)))
    }
}

/// Between two looks at what another thread brings about.
func aMoment() async { try? await Task.sleep(for: .milliseconds(5)) }

func put(_ storage: any Storage, _ key: String, _ value: [UInt8], if precondition: Batch.Precondition = .none) async throws {
    var batch = Batch()
    batch.put(key, value, if: precondition, version: 1)
    try await storage.commit(batch)
}
