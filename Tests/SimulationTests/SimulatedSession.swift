import DatabaseClients
import EngineKit

@testable import StorePostgres

/// A process's way to the database: calls take their time, fail, or hang.
final class SimulatedNetwork: @unchecked Sendable {  // touched by the one thread that runs the schedule
    let world: SimulatedWorld
    let database: SimulatedDatabase
    let process: Int
    var latencyMax: Int64 = 2_000
    /// Nothing comes through. Who sent something waits until it is given up.
    var isCutOff = false

    private static let lost = DatabaseError.unavailable("the connection to the database was lost")

    init(_ database: SimulatedDatabase, process: Int) {
        world = database.world
        self.database = database
        self.process = process
    }

    /// One way, in a session with this server; nil for a new one.
    func travel(_ server: Int?) async throws(DatabaseError) {
        await world.sleep(microseconds: Int64(world.random(50...Int(latencyMax))))
        if isCutOff {
            let given = world.microseconds + Int64(world.random(1...8)) * 1_000_000
            while isCutOff, world.microseconds < given { await world.sleep(milliseconds: 100) }
            throw Self.lost
        }
        if let server, server != database.server { throw Self.lost }
    }
}

final class SimulatedFeed: FeedDatabase, @unchecked Sendable {  // touched by the one thread that runs the schedule
    private struct Session {
        var server: Int
        var history: String
    }

    private let network: SimulatedNetwork
    private var session: Session?
    private var database: SimulatedDatabase { network.database }
    private var world: SimulatedWorld { network.world }

    init(_ network: SimulatedNetwork) { self.network = network }

    private func call<Success: Sendable>(_ body: (SimulatedDatabase) throws -> Success) async throws -> Success {
        let session = try await open()
        try await network.travel(session.server)
        let result = try body(database)
        try await network.travel(session.server)
        return result
    }

    private func open() async throws -> Session {
        if let session { return session }
        try await network.travel(nil)
        let made = Session(server: database.server, history: database.enterHistory())
        database.listen(network.process)
        session = made
        return made
    }

    func history() async throws -> String { try await open().history }
    func endHistory(_ history: String) async throws { try await call { $0.endHistory(history) } }

    func notes(waitingMilliseconds: Int) async throws -> [FeedNote] {
        let session = try await open()
        let end = world.microseconds + Int64(waitingMilliseconds) * 1_000
        while true {
            guard session.server == database.server else { throw DatabaseError.unavailable("the session was ended") }
            let notes = network.isCutOff ? [] : database.takeNotes(network.process)
            if !notes.isEmpty || world.microseconds >= end { return notes }
            await world.sleep(microseconds: max(end - world.microseconds, 1), alarm: network.process)
        }
    }

    func join(_ joining: Joining) async throws -> Joined { try await call { try $0.join(joining) } }
    func page(after position: Int64, limit: Int) async throws -> FeedPage {
        try await call { $0.page(after: position, limit: limit) }
    }
    func beat(_ incarnation: String, seen: Int64, tells: Bool) async throws -> Bool {
        try await call { $0.beat(incarnation, seen: seen, tells: tells) }
    }
    func snapshot(_ incarnation: String, removing dead: [Membership.Heartbeat]) async throws -> Membership.Snapshot {
        try await call { database in
            database.remove(dead)
            return database.snapshot(incarnation)
        }
    }
    func claimLead(_ incarnation: String) async throws { try await call { $0.claimLead(incarnation) } }
    func resignLead(_ incarnation: String) async throws { try await call { $0.resignLead(incarnation) } }
    func leave(_ incarnation: String) async throws { try await call { $0.leave(incarnation) } }

    func leaveApart(_ incarnation: String) async throws {
        try await network.travel(nil)
        database.leave(incarnation)
    }

    func disconnect() async { session = nil }
}

/// Records of the simulated database, written as ``GroupWriter`` writes them and read past every feed.
final class SimulatedStorage: Storage, @unchecked Sendable {  // touched by the one thread that runs the schedule
    private let network: SimulatedNetwork
    private let membership: Membership
    private let planted: PlantedFault?
    private var server: Int?

    init(_ network: SimulatedNetwork, _ membership: Membership, planted: PlantedFault? = nil) {
        self.network = network
        self.membership = membership
        self.planted = planted
    }

    private var database: SimulatedDatabase { network.database }

    private func read<Success>(_ body: (SimulatedDatabase) throws(StorageError) -> Success) async throws(StorageError) -> Success {
        do throws(DatabaseError) { try await network.travel(nil) } catch { throw .unavailable(error.message) }
        let result = try body(database)
        do throws(DatabaseError) { try await network.travel(nil) } catch { throw .unavailable(error.message) }
        return result
    }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await read { $0.tables.records[key] } }

    func list(_ listing: Listing) async throws(StorageError) -> [String] {
        try await read { database throws(StorageError) in try database.tables.records.list(listing) }
    }

    func commit(_ batch: Batch) async throws(StorageError) {
        guard let place = membership.place, membership.mayServe || ChangeFeed.isHandling else { throw .unavailable("cut off") }
        guard let receipt = try await write(batch, term: LeaderTerm.current, place), !ChangeFeed.isHandling else { return }
        try await membership.passed(receipt)
    }

    private func write(_ batch: Batch, term: UInt64?, _ place: Membership.Place) async throws(StorageError) -> Membership.Receipt? {
        do throws(DatabaseError) {
            if server != database.server {
                try await network.travel(nil)
                server = database.server
                _ = database.enterHistory()
            }
            try await network.travel(server)
        } catch {
            server = nil
            throw .unavailable(error.message)
        }
        database.remove(membership.dead)
        let found = database.found
        guard let incarnation = membership.admitted(found) else { throw .unavailable("it lost its place") }
        guard membership.stillHolds(place) else { throw .unavailable("it has another place") }
        guard membership.leads(found, term: term) else { throw .unavailable("it does not lead any more") }
        membership.began(database.tables.last + 1)
        let sequence: Int64
        do throws(StorageError) {
            sequence = try database.write(batch, as: incarnation)
        } catch {
            membership.doubted(database.tables.last + 1)
            throw error
        }
        do throws(DatabaseError) {
            try await network.travel(server)
        } catch {
            membership.doubted(sequence)
            server = nil
            throw .unavailable("it happened or it did not")
        }
        membership.wrote(sequence)
        if planted == .noWaits, sequence <= database.lastBeforeFailOver { return nil }
        return membership.receipt(sequence, found)
    }
}
