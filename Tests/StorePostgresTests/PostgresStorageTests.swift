import DatabaseClients
import EngineKit
import Foundation
import TestSupport
import Testing

@testable import StorePostgres

@Suite("The PostgreSQL store", .enabled(if: PostgresServer.isThere), .serialized)
struct PostgresStorageTests {
    @Test(arguments: StorageContract.checks)
    func keepsTheContract(_ check: StorageContract.Check) async throws {
        let storage = try await PostgresServer.open(PostgresServer.settings())
        try await check.run(storage)
        await storage.close()
    }

    @Test("finds everything again after it was closed")
    func reopening() async throws {
        let settings = try PostgresServer.settings()
        var storage = try await PostgresServer.open(settings)
        try await put(storage, "k", [1, 2, 3])
        await storage.close()
        await #expect(throws: StorageError.unavailable("the store is closed")) { try await put(storage, "k", [2]) }
        storage = try await PostgresServer.open(settings)
        #expect(try await storage.get("k")?.value == [1, 2, 3])
        await storage.close()
    }

    @Test("refuses a newer schema, and a table of somebody else's, and says so")
    func refusals() async throws {
        let settings = try PostgresServer.settings()
        await (try PostgresServer.open(settings)).close()
        let session = try PostgresServer.session()
        try session.execute("UPDATE \"\(settings.table)_state\" SET schema = 3")
        #expect(try await PostgresServer.refusal(settings) == .newerSchema(version: 3))
        let other = try PostgresServer.settings()
        try session.execute("CREATE TABLE \"\(other.table)\" (key text)")
        #expect(try await PostgresServer.refusal(other) == .foreignTable("\"\(other.table)\""))
    }

    @Test("never shows the connection's URL")
    func silence() async throws {
        var settings = try PostgresServer.settings()
        settings.connectionURL = "postgresql://root_of_tests:hunter2secret@127.0.0.1:1/app"
        let error = try await PostgresServer.refusal(settings)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
        settings.connectionURL = "postgresql://a:hunter2secret@b:notaport/x?bogus=1"
        let invalid = try await PostgresServer.refusal(settings)
        #expect(invalid.map { "\($0)".contains("hunter2") } == false)
    }

    @Test("keeps and lists keys that begin with the same 2,048 bytes")
    func longKeys() async throws {
        let storage = try await PostgresServer.open(PostgresServer.settings())
        var random = SystemRandomNumberGenerator()
        let base = String((0..<2_040).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement(using: &random) ?? "a" })
        let names = (0..<200).map { "\(base)\($0 * 7_919 % 1_000)" + String(repeating: "é", count: $0 * 5) }
        for name in names { try await put(storage, "m/" + name, Array(name.utf8)) }
        for name in names { #expect(try await storage.get("m/" + name)?.value == Array(name.utf8)) }
        let sorted = names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        var listed: [String] = []
        while case let page = try await storage.list(Listing(prefix: "m/", after: listed.last, limit: 7)), !page.isEmpty {
            listed += page
        }
        #expect(listed == sorted)
        await storage.close()
    }

    @Test("writes again after the database ended its sessions")
    func reconnects() async throws {
        let settings = try PostgresServer.settings()
        let storage = try await PostgresServer.open(settings)
        try await put(storage, "k", [1])
        let session = try PostgresServer.session()
        for round in 0..<3 {
            try session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [settings.table])
            try await put(storage, "k", [UInt8(round)])
            #expect(try await storage.get("k")?.value == [UInt8(round)])
        }
        await storage.close()
    }

    @Test("does not write what was decided in an earlier place, whose keyring may have been another")
    func earlierPlace() async throws {
        let storage = try await PostgresServer.open(try PostgresServer.settings())
        var batch = Batch()
        batch.put("k", [1])
        let now = try #require(storage.cluster.place)
        for place in [Membership.Place(incarnation: "earlier", history: now.history), nil] {
            await #expect(throws: PostgresStorage.cutOff) {
                _ = try await storage.commits.commit(.init(batch: batch, term: nil, place: place))
            }
        }
        #expect(try await storage.get("k") == nil)
        #expect(try await storage.commits.commit(.init(batch: batch, term: nil, place: now)) != nil)
        await storage.close()
    }

    @Test("takes names of tables that need no quotes and leave room for the suffixes")
    func tableNames() {
        for name in ["coffer_store", "_", "t1", String(repeating: "a", count: 40)] { #expect(PostgresSettings.isTableName(name)) }
        for name in ["", "1t", "T", "a-b", "a b", "a\"", "ä", "a;", String(repeating: "a", count: 41)] {
            #expect(!PostgresSettings.isTableName(name), "\(name)")
        }
    }

    @Test("refuses failing batches of a group and keeps their neighbours")
    func groupIsolation() async throws {
        let settings = try PostgresServer.settings()
        let storage = try await PostgresServer.open(settings)
        try PostgresServer.session().execute(
            "ALTER TABLE \"\(settings.table)\" ADD CHECK (head NOT BETWEEN 'poison/'::bytea AND 'poison0'::bytea)")
        try await put(storage, "taken", [1])
        let outcomes = await withTaskGroup(of: (kind: Int, error: StorageError?).self) { group in
            for index in 0..<150 {
                group.addTask {
                    var batch = Batch()
                    batch.put(["good", "half", "half"][index % 3] + "/\(index)", [])
                    if index % 3 == 1 { batch.put("taken", [2], if: .absent) }
                    if index % 3 == 2 { batch.put("poison/\(index)", []) }
                    do throws(StorageError) {
                        try await storage.commit(batch)
                        return (index % 3, nil)
                    } catch {
                        return (index % 3, error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0.kind == 0 ? $0.error == nil : $0.error != nil })
        #expect(outcomes.allSatisfy { $0.kind != 1 || $0.error == .conflict(key: "taken") })
        #expect(try await storage.list(Listing(prefix: "good/")).count == 50)
        #expect(try await storage.list(Listing(prefix: "half/")) == [])
        #expect(try await storage.list(Listing(prefix: "poison/")) == [])
        await storage.close()
    }
}
