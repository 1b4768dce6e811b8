import DatabaseClients
import EngineKit
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import StorePostgres

@Suite("Faults of nodes over one PostgreSQL store", .enabled(if: PostgresServer.isThere), .serialized, .timeLimit(.minutes(10)))
struct ManyNodesFaultsTests {
    /// What a handler waits for until the test lets it go.
    private final class Held: Sendable {
        private let state = Mutex((isReached: false, isLetGo: false))
        var isReached: Bool { state.withLock { $0.isReached } }
        func letGo() { state.withLock { $0.isLetGo = true } }

        func wait() async {
            state.withLock { $0.isReached = true }
            while !state.withLock({ $0.isLetGo }) { await aMoment() }
        }
    }

    private struct Pair {
        var settings: PostgresSettings
        var a: PostgresStorage
        var b: PostgresStorage

        var session: PostgresConnection { get throws { try PostgresServer.session() } }

        func close() async {
            await a.close()
            await b.close()
        }

        func place(of node: PostgresStorage) throws -> String { try #require(node.cluster.place?.incarnation) }
    }

    private func pair() async throws -> Pair {
        let settings = try PostgresServer.settings()
        return Pair(
            settings: settings, a: try await PostgresServer.open(settings, name: "a"),
            b: try await PostgresServer.open(settings, name: "b"))
    }

    /// A commit that is under way, and whether it was answered.
    private final class Commit: Sendable {
        let outcome = Mutex<Result<Void, StorageError>?>(nil)
        var isAnswered: Bool { outcome.withLock { $0 != nil } }

        init(_ storage: PostgresStorage, _ key: String) {
            Task {
                var batch = Batch()
                batch.put(key, [1], version: 1)
                let result: Result<Void, StorageError>
                do throws(StorageError) {
                    try await storage.commit(batch)
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                outcome.withLock { $0 = result }
            }
        }

        func result() async throws {
            while !isAnswered { await aMoment() }
            try outcome.withLock { $0 }?.get()
        }
    }

    @Test("an acknowledgement that another role of the database makes up is not believed")
    func forgedAcknowledgement() async throws {
        let pair = try await pair()
        let held = Held()
        pair.b.onChange { _ in await held.wait() }
        let commit = Commit(pair.a, "k")
        while !held.isReached { await aMoment() }
        let (forger, b) = (try pair.session, try pair.place(of: pair.b))
        for sequence in 1...50 {
            try forger.execute("SELECT pg_notify($1, $2)", [pair.settings.table, "s \(sequence * 1_000) \(b)"])
        }
        // A note of a's own next change, which has not been written.
        try forger.execute("SELECT pg_notify($1, $2)", [pair.settings.table, "c 2 \(try pair.place(of: pair.a))"])
        // The feed of a has taken all of it when it has taken a heartbeat's look since.
        let before = try #require(pair.a.cluster.nodes.first { $0.isSelf }?.lastSeen)
        while pair.a.cluster.nodes.first(where: \.isSelf)?.lastSeen == before { await aMoment() }
        #expect(!commit.isAnswered)
        #expect(pair.a.cluster.position == 1)
        held.letGo()
        try await commit.result()
        await pair.close()
    }

    @Test("a step of the database's clock takes nobody's place away")
    func clockStep() async throws {
        let pair = try await pair()
        let held = Held()
        pair.b.onChange { _ in await held.wait() }
        let commit = Commit(pair.a, "k")
        while !held.isReached { await aMoment() }
        // What a step of a minute makes of every place.
        try pair.session.execute("UPDATE \"\(pair.settings.table)_nodes\" SET expires_at = expires_at - interval '60 s'")
        let other = Commit(pair.a, "l")
        let before = try #require(pair.a.cluster.nodes.first { $0.isSelf }?.lastSeen)
        while pair.a.cluster.nodes.first(where: \.isSelf)?.lastSeen == before { await aMoment() }
        #expect(!commit.isAnswered && !other.isAnswered)
        held.letGo()
        try await commit.result()
        try await other.result()
        await pair.close()
    }

    @Test("a node that cannot drop what changed gives its place back, is waited for no more, and comes back")
    func stalledHandler() async throws {
        let pair = try await pair()
        let held = Held()
        pair.b.onChange { _ in await held.wait() }
        let place = try pair.place(of: pair.b)
        try await Commit(pair.a, "k").result()
        // Answered because b does not serve, not because it took note.
        #expect(!pair.b.cluster.mayServe && pair.b.cluster.trouble != nil)
        #expect(held.isReached && pair.b.cluster.place?.incarnation != place)
        try await Commit(pair.a, "l").result()
        held.letGo()
        while !pair.b.cluster.mayServe { await aMoment() }
        #expect(pair.b.cluster.trouble == nil)
        try await Commit(pair.b, "m").result()
        await pair.close()
    }

    @Test("a node that fails to drop what changed gives its place back until it succeeds")
    func failingHandler() async throws {
        let pair = try await pair()
        let isFailing = Mutex(true)
        pair.b.onChange { _ in if isFailing.withLock({ $0 }) { throw StorageError.corrupted(key: "x") } }
        for index in 0..<5 { try await Commit(pair.a, "k\(index)").result() }
        #expect(!pair.b.cluster.mayServe)
        isFailing.withLock { $0 = false }
        while !pair.b.cluster.mayServe { await aMoment() }
        await pair.close()
    }

    @Test("stops in good order while its feed stands still, and while a commit waits")
    func stopping() async throws {
        let pair = try await pair()
        let held = Held()
        pair.a.onChange { _ in await held.wait() }
        pair.b.onChange { _ in await held.wait() }
        let (fromA, fromB) = (Commit(pair.a, "k"), Commit(pair.b, "l"))
        while !held.isReached { await aMoment() }
        await pair.close()
        for commit in [fromA, fromB] { await #expect(throws: StorageError.self) { try await commit.result() } }
        held.letGo()
    }

    @Test("after another server of the database took over, nothing that the old one was told counts")
    func history() async throws {
        let pair = try await pair()
        for index in 0..<20 { try await Commit(pair.a, "k\(index)").result() }
        let (a, b) = (try #require(pair.a.cluster.place), try #require(pair.b.cluster.place))
        #expect(a.history == b.history)
        // What a replica shows that lacks the last ten commits and has a timeline of its own.
        let session = try pair.session
        let name = pair.settings.table
        try session.execute("BEGIN")
        try session.execute("UPDATE \"\(name)_state\" SET last = last - 10, timeline = 'another'")
        try session.execute("DELETE FROM \"\(name)_changes\" WHERE seq > (SELECT last FROM \"\(name)_state\")")
        try session.execute("UPDATE \"\(name)_nodes\" SET seen = (SELECT last FROM \"\(name)_state\")")
        try session.execute("COMMIT")
        try session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [name])
        let held = Held()
        pair.b.onChange { change in if change != .everything { await held.wait() } }
        // Until both have a place in the new history a commit is refused, or rightly waits for nobody.
        for node in [pair.a, pair.b] {
            while node.cluster.place.map({ $0.history == a.history }) ?? true { await aMoment() }
        }
        let commit = Commit(pair.a, "after")
        while !commit.isAnswered, !held.isReached { await aMoment() }
        #expect(pair.a.cluster.place?.history != a.history)
        #expect(pair.b.cluster.place?.incarnation != b.incarnation)
        #expect(!commit.isAnswered)
        held.letGo()
        try await commit.result()
        await pair.close()
    }

    @Test("a database that goes back under the same sessions begins another history")
    func wentBack() async throws {
        let pair = try await pair()
        for index in 0..<5 { try await Commit(pair.a, "k\(index)").result() }
        let history = try #require(pair.a.cluster.place?.history)
        let name = pair.settings.table
        try pair.session.execute("UPDATE \"\(name)_state\" SET last = 1")
        while pair.a.cluster.place.map({ $0.history == history }) ?? true { await aMoment() }
        while pair.b.cluster.place?.history != pair.a.cluster.place?.history { await aMoment() }
        await pair.close()
    }

    @Test("a node that starts again ends the place of its own process that was killed, and of nobody who lives")
    func predecessors() async throws {
        let settings = try PostgresServer.settings()
        let first = try await PostgresServer.open(settings, name: "a")
        let session = try PostgresServer.session()
        let nodes = "\"\(settings.table)_nodes\""
        let own = try #require(NodeProcess.current)
        func add(_ incarnation: String, name: String = "a", process: String) throws {
            try session.execute(
                """
                INSERT INTO \(nodes) (incarnation, name, address, cluster_address, is_sole, joined_at, expires_at, seen, process)
                VALUES ($1, $2, '', '', false, now(), now() + interval '10 s', 0, $3)
                """, [incarnation, name, process])
        }
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/true")
        try child.run()
        child.waitUntilExit()
        var killed = own
        killed.number = child.processIdentifier
        var reused = own
        reused.start = "1"
        var elsewhere = killed
        elsewhere.boot = "another"
        try add("killed", process: killed.stored)
        try add("reused", process: reused.stored)
        try add("elsewhere", process: elsewhere.stored)
        try add("nameless", process: "")
        try add("other", name: "b", process: killed.stored)
        let second = try await PostgresServer.open(settings, name: "a")
        let left = try session.execute("SELECT incarnation FROM \(nodes)").compactMap { $0.first.flatMap { $0 } }
        #expect(
            Set(left) == [
                "elsewhere", "nameless", "other", try #require(first.cluster.place?.incarnation),
                try #require(second.cluster.place?.incarnation),
            ])
        await first.close()
        await second.close()
    }

    @Test("a place whose process is gone without a trace is taken away after nine seconds without a heartbeat, not before")
    func silence() async throws {
        let settings = try PostgresServer.settings()
        let a = try await PostgresServer.open(settings, name: "a")
        let session = try PostgresServer.session()
        try session.execute(
            """
            INSERT INTO "\(settings.table)_nodes"
                (incarnation, name, address, cluster_address, is_sole, joined_at, expires_at, seen)
            VALUES ('gone', 'b', '', '', false, now(), now() - interval '1 hour', 0)
            """)
        let time = SteadyTime()
        let started = time.now()
        try await Commit(a, "k").result()
        #expect(time.now() >= started.adding(seconds: Membership.deathSeconds - Membership.beatMilliseconds / 1_000))
        await a.close()
    }

    @Test("a store of the schema before is taken over with everything in it")
    func upgrade() async throws {
        let settings = try PostgresServer.settings()
        var storage = try await PostgresServer.open(settings)
        try await put(storage, "k", [1])
        await storage.close()
        let session = try PostgresServer.session()
        let name = settings.table
        for statement in [
            "ALTER TABLE \"\(name)_state\" DROP COLUMN history, DROP COLUMN timeline, DROP COLUMN settled_at",
            "ALTER TABLE \"\(name)_nodes\" DROP COLUMN process", "UPDATE \"\(name)_state\" SET schema = 1",
        ] { try session.execute(statement) }
        storage = try await PostgresServer.open(settings)
        #expect(try await storage.get("k")?.value == [1])
        try await put(storage, "k", [2])
        #expect(try session.execute("SELECT schema FROM \"\(name)_state\"") == [["2"]])
        await storage.close()
    }
}
