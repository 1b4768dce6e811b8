import Logging
import Synchronization
import Testing

@testable import StoreSQLite

/// What follows from a check of the index.
@Suite struct IndexRepairTests {
    /// Finds what it is told to find, in that order, and keeps what is said and done.
    private final class Script: Sendable {
        private let findings: Mutex<[IndexCheck.Finding]>
        private let events = Mutex<[String]>([])

        init(_ findings: [IndexCheck.Finding]) { self.findings = Mutex(findings) }

        var happened: [String] { events.withLock { $0 } }
        func add(_ event: String) { events.withLock { $0.append(event) } }

        var repair: IndexRepair {
            IndexRepair(
                check: { mayGoOn in mayGoOn() ? self.findings.withLock { $0.removeFirst() } : .unfinished },
                logger: Logger(label: "test") { _ in Recorder(script: self) })
        }

        func run(mayGoOn: @escaping @Sendable () -> Bool = { true }) async -> IndexCheck.Finding {
            await repair.runUntilFinished(
                mayGoOn: mayGoOn, pause: { self.add("pause") },
                rebuild: {
                    self.add("rebuild")
                    return .success(())
                })
        }
    }

    private struct Recorder: LogHandler {
        let script: Script
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { script.add("\(event.level): \(event.message)") }
    }

    private static let again =
        "warning: the check of the database's index could not be completed; it will be tried again in a minute"
    private static let begins = "warning: the database's index is damaged and is being rebuilt; writes wait until it is done"
    private static let rebuilt =
        "error: the database's index was damaged and hid some records; it was rebuilt and nothing is lost. Check the disk"
    private static let hopeless =
        "error: the database's index is damaged and cannot be rebuilt: restore a backup and check the disk"

    @Test("one that could not be finished is told of and tried again")
    func unfinished() async {
        let script = Script([.unfinished, .unfinished, .sound])
        #expect(await script.run() == .sound)
        #expect(script.happened == [Self.again, "pause", Self.again, "pause"])
    }

    @Test("the beginning of a rebuild is told, and its end")
    func damaged() async {
        let script = Script([.damagedIndex, .sound])
        #expect(await script.run() == .sound)
        #expect(script.happened == [Self.begins, "rebuild", Self.rebuilt])
    }

    @Test("a rebuilt index that cannot be checked is checked again, not called hopeless")
    func uncheckable() async {
        let script = Script([.damagedIndex, .unfinished, .sound])
        #expect(await script.run() == .sound)
        #expect(script.happened == [Self.begins, "rebuild", Self.again, "pause"])
    }

    @Test("a rebuild that does not help is told")
    func hopeless() async {
        let script = Script([.damagedIndex, .damagedIndex])
        #expect(await script.run() == .damagedIndex)
        #expect(script.happened == [Self.begins, "rebuild", Self.hopeless])
    }

    @Test("a store that is closed ends the check after a rebuild, without a word")
    func closed() async {
        let script = Script([.damagedIndex, .sound])
        #expect(await script.run { !script.happened.contains("rebuild") } == .unfinished)
        #expect(script.happened == [Self.begins, "rebuild"])
    }

    @Test("an index that cannot be read for another reason than damage is not a damaged one")
    func unreadable() throws {
        let ioError = SQLiteFailure(code: 10)
        #expect(throws: ioError) { try IndexCheck.leads(to: 1) { () throws(SQLiteFailure) in throw ioError } }
        #expect(try !IndexCheck.leads(to: 1) { () throws(SQLiteFailure) in throw .damagedRow })
        #expect(try !IndexCheck.leads(to: 1) { () throws(SQLiteFailure) in nil })
        #expect(try !IndexCheck.leads(to: 1) { () throws(SQLiteFailure) in 2 })
        #expect(try IndexCheck.leads(to: 1) { () throws(SQLiteFailure) in 1 })
    }
}
