import DatabaseEngine
import DatabaseClients
import Databases
import EngineKit
import Syntax
import TestSupport
import Testing

/// The process dies after every number of steps there is: before and after each commit and each change at the database.
@Suite("Crashes")
struct CrashTests {
    /// More than any of the operations has; the last ones are whole.
    static let steps = Array(0...14)

    @Test("leave no user without a lease, and no lease's user is taken", arguments: steps)
    func creatingUsers(step: Int) async throws {
        let bench = try await EngineBench().configured()
        bench.server.set { $0.stepsLeft = step }
        let response = try? await bench.ask(.read, "creds/reader")
        // The pipeline registers the lease, puts the answer on record, then lets it leave.
        let isLeased = response != nil && bench.server.step() && bench.server.step()
        var isHandedOver = false
        if isLeased, let response {
            await response.afterRecording?()
            isHandedOver = !bench.server.isDead
        }
        let after = bench.restarted()
        await after.engine.runRound()
        if isHandedOver {
            #expect(after.server.leased.count == 1, "the user of an answer that left is there")
        } else if !isLeased {
            #expect(after.server.leased.isEmpty, "a user without a lease was left behind")
        }
        #expect(try await after.keys("wal/") == [])
    }

    @Test("leave the password that static-creds gives the one that the database has", arguments: steps)
    func rotatingStaticRoles(step: Int) async throws {
        let bench = try await EngineBench().configured(withStaticRole: true)
        bench.server.set { $0.stepsLeft = step }
        let rotation = await bench.refusal(.update, "rotate-role/app")
        let after = bench.restarted()
        // Even before the periodic work has looked.
        let given = try await after.data(.read, "static-creds/app")["password"]?.stringValue
        #expect(given == after.server.users["app"])
        await after.engine.runRound()
        #expect(try await after.data(.read, "static-creds/app")["password"]?.stringValue == after.server.users["app"])
        #expect(try await after.keys("wal/") == [])
        if rotation == nil { #expect(given != nil) }
    }

    @Test("leave Coffer able to log in", arguments: steps)
    func rotatingRoot(step: Int) async throws {
        let bench = try await EngineBench().configured()
        bench.server.set { $0.stepsLeft = step }
        _ = await bench.refusal(.update, "rotate-root/db")
        let after = bench.restarted()
        _ = try await after.lease()
        await after.engine.runRound()
        #expect(try await after.keys("wal/") == [])
        #expect(after.server.leased.count == 1)
    }

    @Test("take back a user whose revocation was cut off, when it comes again", arguments: steps)
    func revoking(step: Int) async throws {
        let bench = try await EngineBench().configured()
        let lease = try await bench.lease()
        bench.server.set { $0.stepsLeft = step }
        try? await bench.engine.revoke(lease)
        let after = bench.restarted()
        try await after.engine.revoke(lease)
        #expect(after.server.leased.isEmpty)
    }

    @Test("of the making of a static role leave it whole or not there", arguments: steps)
    func makingStaticRoles(step: Int) async throws {
        let bench = try await EngineBench().configured()
        bench.server.set {
            $0.users["app"] = "imported"
            $0.stepsLeft = step
        }
        _ = await bench.refusal(.update, "static-roles/app", ["db_name": "db", "username": "app", "rotation_period": "1h"])
        let after = bench.restarted()
        await after.engine.runRound()
        if let given = try? await after.data(.read, "static-creds/app")["password"]?.stringValue {
            #expect(given == after.server.users["app"])
        } else {
            #expect(after.server.users["app"] == "imported")
        }
    }

    @Test("a database that was lost in the middle: the user is dropped by the next round, without a restart")
    func uncertainCreation() async throws {
        let bench = try await EngineBench().configured()
        bench.server.set { $0.uncertainLeft = 1 }
        #expect(await bench.refusal(.read, "creds/reader")?.code == .unavailable)
        #expect(bench.server.leased.count == 1)
        await bench.engine.runRound()
        #expect(bench.server.leased.isEmpty)
        #expect(try await bench.keys("wal/") == [])
    }

    @Test("a user that is being made is nobody's remains")
    func leavesWorkInProgress() async throws {
        let bench = try await EngineBench().configured()
        let response = try await bench.ask(.read, "creds/reader")
        await bench.engine.runRound()
        #expect(bench.server.leased.count == 1)
        await response.afterRecording?()
        bench.time.advance(seconds: 3_000)
        await bench.engine.runRound()
        #expect(bench.server.leased.count == 1)
    }

    @Test("an answer that never came to its end is cleared up in time")
    func abandonedAnswer() async throws {
        let bench = try await EngineBench().configured()
        _ = try await bench.ask(.read, "creds/reader")
        bench.time.advance(seconds: 200)
        await bench.engine.runRound()
        #expect(bench.server.leased.isEmpty)
    }

    @Test("a database that is away keeps its write-ahead records until it is back")
    func waitsForTheDatabase() async throws {
        let bench = try await EngineBench().configured()
        bench.server.set { $0.uncertainLeft = 1 }
        _ = await bench.refusal(.read, "creds/reader")
        bench.server.set { $0.isAway = true }
        await bench.engine.runRound()
        #expect(try await bench.keys("wal/user/").count == 1)
        bench.server.set { $0.isAway = false }
        bench.time.advance(seconds: 11)
        await bench.engine.runRound()
        #expect(bench.server.leased.isEmpty)
    }

    @Test("while it is not known which password is in force, none is given")
    func uncertainRotation() async throws {
        let bench = try await EngineBench().configured(withStaticRole: true)
        bench.server.set { $0.uncertainLeft = 1 }
        #expect(await bench.refusal(.update, "rotate-role/app")?.code == .unavailable)
        bench.server.set { $0.isAway = true }
        #expect(await bench.refusal(.read, "static-creds/app")?.code == .unavailable)
        bench.server.set { $0.isAway = false }
        #expect(try await bench.data(.read, "static-creds/app")["password"]?.stringValue == bench.server.users["app"])
    }

    @Test("a refused rotation leaves the old password in force and known")
    func refusedRotation() async throws {
        let bench = try await EngineBench().configured(withStaticRole: true)
        let before = bench.server.users["app"]
        bench.server.set { $0.failures = [.failed("no")] }
        #expect(await bench.refusal(.update, "rotate-role/app")?.code == .internal)
        #expect(try await bench.data(.read, "static-creds/app")["password"]?.stringValue == before)
        bench.server.set { $0.failures = [.failed("no")] }
        #expect(await bench.refusal(.update, "rotate-root/db")?.code == .internal)
        _ = try await bench.lease()
    }
}
