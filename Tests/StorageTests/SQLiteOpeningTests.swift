import EngineKit
import Foundation
import GRDB
import TestSupport
import Testing

@testable import StoreSQLite  // The directory is looked at before SQLite has opened its files.

@Suite struct SQLiteOpeningTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.file("store") }
    private var file: String { "\(path)/coffer.db" }

    private func open() throws -> SQLiteStorage { try SQLiteStorage(directory: path, logger: quiet) }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    /// A database that another program, or another version, might have left.
    private func makeDatabase(_ sql: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let database = try DatabaseQueue(path: file)
        try database.inDatabase { try $0.execute(sql: sql) }
        try database.close()
    }

    @Test("makes files 0600 and directories 0700 whatever the umask", arguments: [0o000, 0o077] as [mode_t])
    func permissions(_ mask: mode_t) async throws {
        let before = umask(mask)
        defer { umask(before) }
        let nested = "\(path)/deeper"
        let storage = try SQLiteStorage(directory: nested, logger: quiet)
        try await put(storage, "k", [1])
        #expect(try mode(path) == 0o700)
        #expect(try mode(nested) == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: nested)
        #expect(Set(names) == ["coffer.db", "coffer.db-wal", "coffer.db-shm", "coffer.lock"])
        for name in names { #expect(try mode("\(nested)/\(name)") == 0o600, "\(name)") }
        await storage.close()
    }

    @Test("takes rights away that others have to its files")
    func tightening() async throws {
        await (try open()).close()
        chmod(file, 0o666)
        chmod(path, 0o755)
        let storage = try open()
        #expect(try mode(file) == 0o600)
        #expect(try mode(path) == 0o700)
        await storage.close()
    }

    /// Left behind by a process that was killed, or put there before the first start. What SQLite does with their modes depends on what
    /// is in them.
    @Test("takes rights away from the files that SQLite has beside the database", arguments: ["-wal", "-shm", "-journal"])
    func neighbours(_ suffix: String) async throws {
        await (try open()).close()
        try Data(count: 64).write(to: URL(filePath: file + suffix))
        chmod(file + suffix, 0o644)
        let store = try StoreDirectory(path, logger: quiet)
        #expect(try mode(file + suffix) == 0o600)
        store.unlock()
    }

    @Test("leaves the mode of a directory that holds others' files")
    func sharedDirectory() async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(filePath: "\(path)/other.txt"))
        chmod(path, 0o755)
        let storage = try open()
        #expect(try mode(path) == 0o755)
        #expect(try mode(file) == 0o600)
        await storage.close()
    }

    @Test("refuses a newer schema and leaves the file as it is")
    func newerSchema() async throws {
        let storage = try open()
        try await put(storage, "k", [1])
        await storage.close()
        try makeDatabase("PRAGMA user_version = 7")
        let before = try Data(contentsOf: URL(filePath: file))
        let error = #expect(throws: SQLiteStorageError.self) { try open() }
        #expect(
            error?.description.hasSuffix(
                "coffer.db: this database was written by a newer Coffer (schema 7; this build knows 1): "
                    + "start the newer version or restore a backup") == true)
        #expect(try Data(contentsOf: URL(filePath: file)) == before)
    }

    @Test(
        "refuses another program's database and leaves it as it is",
        arguments: [
            "CREATE TABLE notes (text TEXT)",
            "CREATE TABLE records (key TEXT); PRAGMA user_version = 1",
            "PRAGMA application_id = 1196444487; PRAGMA user_version = 1",
            "PRAGMA application_id = 1131372146; CREATE TABLE records (key TEXT)",
        ])
    func foreignDatabase(_ sql: String) throws {
        try makeDatabase(sql)
        let before = try Data(contentsOf: URL(filePath: file))
        #expect(throws: SQLiteStorageError.foreignFile(path: file)) { try open() }
        #expect(try Data(contentsOf: URL(filePath: file)) == before)
    }

    @Test("refuses a file that is no database")
    func noDatabase() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(String(repeating: "These are my notes. ", count: 500).utf8).write(to: URL(filePath: file))
        #expect(throws: SQLiteStorageError.foreignFile(path: file)) { try open() }
    }

    @Test("refuses a database of our schema without its table")
    func missingTable() async throws {
        await (try open()).close()
        try makeDatabase("DROP TABLE records")
        #expect(throws: SQLiteStorageError.self) { try open() }
    }

    @Test("refuses links in place of its files", arguments: ["coffer.db", "coffer.db-wal", "coffer.lock"])
    func links(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let target = directory.file("target")
        try Data().write(to: URL(filePath: target))
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
        let error = #expect(throws: SQLiteStorageError.self) { try open() }
        // SQLite is not asked: it would follow links to some of them.
        if name == "coffer.db-wal" { #expect(error == .cannotOpen(path: "\(path)/\(name)", reason: "not a regular file")) }
    }

    @Test("refuses a path that is a file, and one that cannot be made")
    func impossiblePaths() throws {
        try Data().write(to: URL(filePath: path))
        #expect(throws: SQLiteStorageError.self) { try open() }
        #expect(throws: SQLiteStorageError.self) { try SQLiteStorage(directory: "\(path)/below", logger: quiet) }
        #expect(throws: SQLiteStorageError.self) { try SQLiteStorage(directory: "", logger: quiet) }
    }

    @Test("refuses a second opener until the first has closed")
    func secondOpener() async throws {
        let storage = try open()
        let process = "\(ProcessInfo.processInfo.processIdentifier)"
        #expect(throws: SQLiteStorageError.alreadyInUse(path: path, processID: process)) { try open() }
        try await put(storage, "k", [1])
        await storage.close()
        let second = try open()
        #expect(try await second.get("k") != nil)
        await second.close()
    }

    @Test("opens again after a failed opening")
    func lockAfterRefusal() async throws {
        try makeDatabase("CREATE TABLE notes (text TEXT)")
        #expect(throws: SQLiteStorageError.foreignFile(path: file)) { try open() }
        try FileManager.default.removeItem(atPath: file)
        await (try open()).close()
    }
}
