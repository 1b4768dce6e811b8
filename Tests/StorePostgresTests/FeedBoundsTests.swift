import DatabaseClients
import EngineKit
import Logging
import Synchronization
import TestSupport
import Testing

@testable import StorePostgres

@Suite(
    "What a node does at once over one PostgreSQL store", .enabled(if: PostgresServer.isThere), .serialized,
    .timeLimit(.minutes(10)))
struct FeedBoundsTests {
    @Test("a group of writes without a place is refused as a whole, and none of it is tried again")
    func groupWithoutAPlace() async throws {
        let settings = try PostgresServer.settings()
        let storage = try await PostgresServer.open(settings)
        let history = try #require(storage.cluster.place?.history)
        let membership = Membership(time: SteadyTime())
        let place = Membership.Place(incarnation: "taken away", history: history)
        membership.joined(place, at: 0)
        let collected = CollectedLog()
        let sessions = Mutex(0)
        let target = try PostgresTarget(url: settings.connectionURL)
        let schema = Schema(table: settings.table)
        let statements = Statements(schema, owners: nil)
        let writer = GroupWriter(schema, statements, membership: membership, logger: collected.logger) {
            () throws(DatabaseError) in
            sessions.withLock { $0 += 1 }
            return try PostgresConnection(target)
        }
        let requests = (0..<5).map { index in
            var batch = Batch()
            batch.put("k\(index)", [1], version: 1)
            return GroupWriter.Request(batch: batch, place: place)
        }
        for _ in 0..<2 {
            let verdicts = writer.commit(requests)
            #expect(verdicts.count == requests.count)
            for verdict in verdicts { #expect(throws: PostgresStorage.cutOff) { try verdict.get() } }
        }
        #expect(collected.lines == [])
        #expect(sessions.withLock { $0 } == 1)
        // The session is left as it should be.
        membership.joined(try #require(storage.cluster.place), at: 0)
        var batch = Batch()
        batch.put("k", [1], version: 1)
        #expect(throws: Never.self) { try writer.commit([.init(batch: batch, place: storage.cluster.place)])[0].get() }
        writer.close()
        #expect(try await storage.get("k")?.value == [1])
        #expect(try await storage.get("k0") == nil)
        await storage.close()
    }

    @Test("a page of the feed holds 16 MiB of keys at most")
    func pageBytes() {
        #expect(ChangeFeed.pageMax * GroupWriter.keysBytesMax <= 16 << 20)
    }

    @Test("what happened in many changes is dropped in parts, and all of it")
    func pages() async throws {
        let settings = try PostgresServer.settings()
        let a = try await PostgresServer.open(settings, name: "a")
        let b = try await PostgresServer.open(settings, name: "b")
        let parts = Mutex<[StorageChange]>([])
        b.onChange { change in parts.withLock { $0.append(change) } }
        let session = try PostgresServer.session()
        let name = settings.table
        try session.execute("BEGIN")
        try session.execute("SELECT 1 FROM \"\(name)_state\" FOR UPDATE")
        try session.execute(
            """
            INSERT INTO "\(name)_changes" (seq, node, keys)
            SELECT s.last + n, 'x', convert_to('k' || n, 'UTF8') FROM "\(name)_state" s, generate_series(1, 200) n
            """)
        try session.execute("UPDATE \"\(name)_state\" SET last = last + 200")
        try session.execute("COMMIT")
        try await put(a, "last", [1])
        var dropped: [String] = []
        for part in parts.withLock({ $0 }) {
            guard case .keys(let keys) = part else {
                Issue.record("everything was dropped")
                continue
            }
            #expect(keys.count <= ChangeFeed.pageMax)
            dropped += keys
        }
        #expect(dropped == (1...200).map { "k\($0)" } + ["last"])
        await a.close()
        await b.close()
    }
}
