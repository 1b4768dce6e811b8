import DatabaseClients
import EngineKit
import Synchronization
import TestSupport
import Testing

private final class Line: PooledConnection {
    let number: Int
    private let state = Mutex((isUsable: true, isClosed: false))

    init(_ number: Int) { self.number = number }

    var isUsable: Bool { state.withLock { $0.isUsable } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    func fail() { state.withLock { $0.isUsable = false } }
    func close() { state.withLock { $0.isClosed = true } }
}

private final class Count: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }
    func add(_ number: Int) { count.withLock { $0 += number } }
}

@Suite("Connections to a database")
struct PoolTests {
    private final class Server: Sendable {
        private let lines = Mutex<[Line]>([])
        var all: [Line] { lines.withLock { $0 } }

        func connect() -> Line {
            lines.withLock { lines in
                lines.append(Line(lines.count))
                return lines[lines.count - 1]
            }
        }
    }

    private func pool(_ server: Server, _ limits: ConnectionPool<Line>.Limits, _ time: ManualTime = ManualTime())
        -> ConnectionPool<Line>
    {
        ConnectionPool(limits: limits, time: time, connect: { () throws(DatabaseError) in server.connect() })
    }

    @Test("are used again, but not when they are in doubt, old or too many")
    func reuse() async throws {
        let (server, time) = (Server(), ManualTime())
        let pool = pool(server, .init(open: 2, idle: 1, lifetime: 60), time)
        #expect(try await pool.use { $0.number } == 0)
        #expect(try await pool.use { $0.number } == 0)
        try await pool.use { $0.fail() }
        #expect(server.all[0].isClosed)
        #expect(try await pool.use { $0.number } == 1)
        time.advance(seconds: 60)
        #expect(try await pool.use { $0.number } == 2)
        #expect(server.all[1].isClosed && !server.all[2].isClosed)
        pool.close()
        #expect(server.all[2].isClosed)
    }

    @Test("that break while they are idle are not handed out")
    func breaksIdle() async throws {
        let server = Server()
        let pool = pool(server, .init())
        try await pool.use { _ in }
        server.all[0].fail()
        #expect(try await pool.use { $0.number } == 1)
        #expect(server.all[0].isClosed)
    }

    @Test("come back closed to a pool that was closed meanwhile")
    func closedMeanwhile() async throws {
        let server = Server()
        let pool = pool(server, .init())
        try await pool.use { _ in pool.close() }
        #expect(server.all[0].isClosed)
    }

    @Test("are made by so many at once, and whoever is one too many to wait is turned away", arguments: [0, 1, 3])
    func gate(waitingMax: Int) async throws {
        let gate = Gate(widthMax: 2, waitingMax: waitingMax)
        for _ in 0..<2 { #expect(await gate.enter()) }
        let refused = Count()
        let others = (0...waitingMax).map { _ in
            Task {
                if await !gate.enter() { refused.add(1) }
            }
        }
        // Nobody leaves, so one of them must be told; with a limit, for a gate that tells nobody.
        for _ in 0..<1_000_000 where refused.value == 0 { await Task.yield() }
        #expect(refused.value == 1)
        for _ in others { gate.leave() }
        for other in others { await other.value }
        #expect(refused.value == 1)
    }
}
