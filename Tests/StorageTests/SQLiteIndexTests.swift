import EngineKit
import Foundation
import Logging
import StoreSQLite
import TestSupport
import Testing

/// A flipped bit in the index over the keys must hide no record.
@Suite struct SQLiteIndexTests {
    private static let count = 600

    private func makeStore(_ directory: TemporaryDirectory) async throws {
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        var batch = Batch()
        for index in 0..<Self.count { batch.put(Self.key(index), [UInt8(index % 251)]) }
        try await storage.commit(batch)
        await storage.close()
    }

    private static func key(_ index: Int) -> String { "mount/4f/data/secret-\(index)" }

    /// Asked of every key: hidden, or overwritten by a creation.
    private func checkAll(_ storage: SQLiteStorage) async {
        for index in 0..<Self.count {
            do {
                let record = try await storage.get(Self.key(index))
                #expect(record?.value == [UInt8(index % 251)], "\(index) is hidden")
            } catch {
                guard case .corrupted = error else {
                    Issue.record("\(error)")
                    return
                }
            }
            var batch = Batch()
            batch.put(Self.key(index), [0], if: .absent)
            do {
                try await storage.commit(batch)
                Issue.record("\(index) was made anew over what is there")
            } catch {
                switch error {
                case .conflict, .corrupted: break
                default: Issue.record("\(error)")
                }
            }
        }
    }

    @Test("a damaged index is made anew at the start, and everything is there", arguments: 0..<20)
    func atStart(_ seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        try IndexDamage.flip(directory, seed: seed, in: "secret-")
        let log = CollectedLog(from: .warning)
        let storage = try SQLiteStorage(directory: directory.path, logger: log.logger)
        for index in 0..<Self.count {
            #expect(try await storage.get(Self.key(index))?.value == [UInt8(index % 251)])
        }
        await checkAll(storage)
        #expect(log.lines.contains { $0.contains("index was damaged") })
        let names = try await storage.list(Listing(prefix: "mount/4f/data/"))
        #expect(names.count == Self.count)
        await storage.close()
    }

    @Test("while a large store is still being checked, an absence is held against the table", arguments: 0..<20)
    func whileServing(_ seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        try IndexDamage.flip(directory, seed: seed, in: "secret-")
        let storage = try SQLiteStorage(directory: directory.path, bytesCheckedAtOnceMax: -1, logger: quiet)
        await checkAll(storage)
        await storage.waitForCheck()
        for index in 0..<Self.count {
            #expect(try await storage.get(Self.key(index))?.value == [UInt8(index % 251)])
        }
        await storage.close()
    }

    @Test("a sound store is told nothing about, and what is not there is absent")
    func sound() async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        let log = CollectedLog(from: .warning)
        for limit: Int64 in [-1, 1 << 30] {
            let storage = try SQLiteStorage(directory: directory.path, bytesCheckedAtOnceMax: limit, logger: log.logger)
            #expect(try await storage.get("mount/4f/data/none") == nil)
            #expect(try await storage.get("") == nil)
            await storage.waitForCheck()
            var batch = Batch()
            batch.put("zz/\(limit)", [1], if: .absent)
            try await storage.commit(batch)
            await storage.close()
        }
        #expect(log.lines.isEmpty)
    }
}
