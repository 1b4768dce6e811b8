import EngineKit
import Foundation
import GRDB
import Logging
import StoreSQLite
import TestSupport
import Testing

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func put(_ storage: any Storage, _ key: String, _ value: [UInt8], if precondition: Batch.Precondition = .none) async throws {
    var batch = Batch()
    batch.put(key, value, if: precondition, version: 1)
    try await storage.commit(batch)
}

@Suite struct SQLiteStorageTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> SQLiteStorage { try SQLiteStorage(directory: directory.path, logger: quiet) }

    private func edit(_ sql: String) throws {
        let database = try DatabaseQueue(path: directory.file("coffer.db"))
        try database.inDatabase { try $0.execute(sql: sql) }
        try database.close()
    }

    @Test(arguments: StorageContract.checks)
    func keepsTheContract(_ check: StorageContract.Check) async throws {
        let storage = try open()
        try await check.run(storage)
        await storage.close()
    }

    @Test(arguments: StorageContract.checks)
    func keepsTheContractBehindACache(_ check: StorageContract.Check) async throws {
        let storage = try open()
        try await check.run(CachedStorage(base: storage, bytesMax: 100_000))
        await storage.close()
    }

    @Test("finds everything again after it was closed, and after it was not")
    func reopening() async throws {
        var storage = try open()
        for index in 0..<200 { try await put(storage, "k/\(index)", [UInt8(index)]) }
        await storage.close()
        #expect(!FileManager.default.fileExists(atPath: directory.file("coffer.db-wal")))
        storage = try open()
        for index in 0..<200 { #expect(try await storage.get("k/\(index)")?.value == [UInt8(index)]) }
        try await put(storage, "k/last", [1])
        let copy = try TemporaryDirectory()
        for name in ["coffer.db", "coffer.db-wal"] {
            try FileManager.default.copyItem(atPath: directory.file(name), toPath: copy.file(name))
        }
        let crashed = try SQLiteStorage(directory: copy.path, logger: quiet)
        #expect(try await crashed.list(Listing(prefix: "k/")).count == 201)
        #expect(try await crashed.get("k/last")?.value == [1])
        await crashed.close()
        await storage.close()
    }

    @Test("answers `unavailable` once closed")
    func closed() async throws {
        let storage = try open()
        try await put(storage, "k", [1])
        await storage.close()
        await #expect(throws: StorageError.unavailable("the store is closed")) { try await storage.get("k") }
        await #expect(throws: StorageError.unavailable("the store is closed")) { try await storage.list(Listing(prefix: "")) }
        await #expect(throws: StorageError.unavailable("the store is closed")) { try await put(storage, "k", [2]) }
        await storage.close()
    }

    @Test("finishes the commits it accepted before it closes")
    func closingWhileWriting() async throws {
        let storage = try open()
        let acknowledged = await withTaskGroup(of: Int?.self) { group in
            for index in 0..<100 {
                group.addTask {
                    if index == 50 { await storage.close() }
                    return (try? await put(storage, "k/\(index)", [])) == nil ? nil : index
                }
            }
            return await group.reduce(into: Set<Int>()) { all, index in if let index { all.insert(index) } }
        }
        let again = try open()
        let found = Set(try await again.list(Listing(prefix: "k/")).compactMap { Int($0) })
        #expect(found == acknowledged)
        await again.close()
    }

    @Test("refuses failing batches of a group and keeps their neighbours")
    func groupIsolation() async throws {
        await (try open()).close()
        try edit(
            """
            CREATE TRIGGER poison BEFORE INSERT ON records WHEN NEW.key LIKE 'poison/%'
            BEGIN SELECT RAISE(ABORT, 'poisoned'); END
            """)
        let storage = try open()
        try await put(storage, "taken", [1])
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<300 {
                group.addTask {
                    switch index % 3 {
                    case 0:
                        await #expect(throws: Never.self) { try await put(storage, "good/\(index)", []) }
                    case 1:
                        var batch = Batch()
                        batch.put("half/\(index)", [])
                        batch.put("taken", [2], if: .absent)
                        await #expect(throws: StorageError.conflict(key: "taken")) { try await storage.commit(batch) }
                    default:
                        var batch = Batch()
                        batch.put("half/\(index)", [])
                        batch.put("poison/\(index)", [])
                        await #expect(throws: StorageError.self) { try await storage.commit(batch) }
                    }
                }
            }
        }
        #expect(try await storage.list(Listing(prefix: "good/")).count == 100)
        #expect(try await storage.list(Listing(prefix: "half/")) == [])
        #expect(try await storage.list(Listing(prefix: "poison/")) == [])
        await storage.close()
    }

    @Test("bounds its log under steady writing and stays whole")
    func checkpointing() async throws {
        let storage = try open()
        for round in 0..<60 {
            var batch = Batch()
            for index in 0..<20 {
                batch.put("large/\(index)", Array(repeating: UInt8(round), count: 40_000), version: UInt64(round))
            }
            try await storage.commit(batch)
        }
        let log = try FileManager.default.attributesOfItem(atPath: directory.file("coffer.db-wal"))[.size] as? Int ?? .max
        #expect(log < 20 << 20)
        for index in 0..<20 { #expect(try await storage.get("large/\(index)")?.version == 59) }
        await storage.close()
    }

    @Test("deletes leave no bytes of a record in the closed file")
    func secureDelete() async throws {
        let storage = try open()
        let mark = Array("a-mark-that-is-nowhere-else-in-this-file".utf8)
        for index in 0..<50 { try await put(storage, "k/\(index)", mark + Array(repeating: 1, count: index * 200)) }
        await storage.close()
        #expect(try Data(contentsOf: URL(filePath: directory.file("coffer.db"))).range(of: Data(mark)) != nil)
        let again = try open()
        for index in 0..<50 {
            var batch = Batch()
            batch.delete("k/\(index)")
            try await again.commit(batch)
        }
        await again.close()
        #expect(try Data(contentsOf: URL(filePath: directory.file("coffer.db"))).range(of: Data(mark)) == nil)
    }
}
