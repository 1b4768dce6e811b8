import EngineKit
import Foundation
import StoreSQLite
import TestSupport
import Testing

@Suite struct SQLiteDamageTests {
    private static let pageBytes = 4_096

    /// 600 records over several hundred pages, closed.
    private func makeStore(_ directory: TemporaryDirectory) async throws {
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        var batch = Batch()
        for index in 0..<600 { batch.put("k/\(index)", Self.value(index)) }
        try await storage.commit(batch)
        await storage.close()
    }

    private static func value(_ index: Int) -> [UInt8] { Array(repeating: UInt8(index % 251), count: 500 + index * 10) }

    /// How many records come back right, after every read has either been refused or been right.
    private func survivors(_ storage: SQLiteStorage) async -> Int {
        var count = 0
        for index in 0..<600 {
            do {
                let record = try await storage.get("k/\(index)")
                if record?.value == Self.value(index) { count += 1 }
            } catch {
                guard case .corrupted = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        return count
    }

    @Test("answers a damaged page with an error and goes on", arguments: 0..<12)
    func damagedPages(_ seed: Int) async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        var random = SplitMix64(seed: UInt64(seed))
        let file = try FileHandle(forUpdating: URL(filePath: directory.file("coffer.db")))
        let pages = Int(try file.seekToEnd()) / Self.pageBytes
        for _ in 0..<5 {
            try file.seek(toOffset: UInt64(Int.random(in: 3..<pages, using: &random) * Self.pageBytes))
            let fill: UInt8? = Bool.random(using: &random) ? 0 : nil
            try file.write(contentsOf: Data((0..<Self.pageBytes).map { _ in fill ?? UInt8.random(in: 0...255, using: &random) }))
        }
        try file.close()
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        let count = await survivors(storage)
        #expect(count < 600)
        // Damage to one page of the index may hide many; writing and listing must end, one way or the other.
        _ = try? await storage.list(Listing(prefix: "k/"))
        for index in 0..<600 { try? await put(storage, "k/\(index)", [1]) }
        await storage.close()
    }

    @Test("refuses or serves a truncated file, never crashes", arguments: [100, 4_096, 5_000, 40_960, 400_000])
    func truncation(_ length: UInt64) async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        let file = try FileHandle(forUpdating: URL(filePath: directory.file("coffer.db")))
        try file.truncate(atOffset: length)
        try file.close()
        do {
            let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
            #expect(await survivors(storage) < 600)
            await storage.close()
        } catch {}
    }

    @Test("keeps what was committed before a torn end of the log")
    func tornLog() async throws {
        let directory = try TemporaryDirectory()
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        for index in 0..<20 { try await put(storage, "k/\(index)", [1]) }
        let copy = try TemporaryDirectory()
        for name in ["coffer.db", "coffer.db-wal"] {
            try FileManager.default.copyItem(atPath: directory.file(name), toPath: copy.file(name))
        }
        await storage.close()
        let log = try FileHandle(forUpdating: URL(filePath: copy.file("coffer.db-wal")))
        try log.truncate(atOffset: try log.seekToEnd() - 1_000)
        try log.close()
        let torn = try SQLiteStorage(directory: copy.path, logger: quiet)
        let names = Set(try await torn.list(Listing(prefix: "k/")))
        #expect(names == Set((0..<19).map(String.init)))
        await torn.close()
    }

    @Test("refuses to write once its file was moved away, and never acknowledges")
    func movedFile() async throws {
        let directory = try TemporaryDirectory()
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        try await put(storage, "k", [1])
        try FileManager.default.moveItem(atPath: directory.file("coffer.db"), toPath: directory.file("moved.db"))
        await #expect(throws: StorageError.self) { try await put(storage, "k", [2]) }
        try FileManager.default.moveItem(atPath: directory.file("moved.db"), toPath: directory.file("coffer.db"))
        try await put(storage, "k", [3])
        try FileManager.default.removeItem(atPath: directory.file("coffer.db-wal"))
        await #expect(throws: StorageError.self) { try await put(storage, "k", [4]) }
        await storage.close()
    }
}
