import EngineKit
import Foundation
import StoreSQLite
import TestSupport
import Testing

/// Prints numbers, asserts none: `COFFER_BENCH=1 swift test -c release --filter StorageBenchmark`.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["COFFER_BENCH"] != nil))
struct StorageBenchmark {
    private func report(_ what: String, _ count: Int, _ duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        print("bench: \(what): \(Int(Double(count) / seconds))/s, \((seconds / Double(count) * 1e9).rounded() / 1_000) µs each")
    }

    @Test(arguments: [1, 8, 32, 128])
    func commits(writers: Int) async throws {
        let directory = try TemporaryDirectory()
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        let each = 20_000 / max(writers, 8)
        let duration = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        for index in 0..<each {
                            // SQLite writes nothing for a value that is there already.
                            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: index / 500 + index), count: 400)
                            try await put(storage, "mount/3f1c/data/w\(writer)/k\(index % 500)", value)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        report("single-record commits, \(writers) writers", writers * each, duration)
        await storage.close()
    }

    @Test func sqliteReads() async throws {
        let directory = try TemporaryDirectory()
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        let keys = try await filled(storage)
        try await read(keys, storage, "SQLite get, 1 reader", readers: 1)
        try await read(keys, storage, "SQLite get, 2 readers", readers: 2)
        let duration = try await ContinuousClock().measure {
            for _ in 0..<1_000 { _ = try await storage.list(Listing(prefix: "mount/", limit: 100)) }
        }
        report("SQLite list of one folder over 10,000 keys", 1_000, duration)
        let pages = try await ContinuousClock().measure {
            for _ in 0..<20 { _ = try await storage.list(Listing(prefix: "mount/3f1c/data/", limit: 10_000)) }
        }
        report("SQLite list of 10,000 names", 20, pages)
        await storage.close()
    }

    @Test func memoryReads() async throws {
        let memory = MemoryStorage()
        let keys = try await filled(memory)
        try await read(keys, memory, "memory get", readers: 1)
        let cache = CachedStorage(base: memory, bytesMax: 64 << 20)
        try await read(keys, cache, "cache get", readers: 1)
        try await read(keys, cache, "cache get again", readers: 1)
        try await read(keys, cache, "cache get, 2 readers", readers: 2)
    }

    @Test func millionKeys() async throws {
        let memory = MemoryStorage()
        let keys = (0..<1_000_000).map { "mount/\($0 % 97)/data/app\($0 % 1_009)/item\($0)" }
        let insert = try await ContinuousClock().measure {
            for key in keys { try await put(memory, key, []) }
        }
        report("memory put up to 1,000,000 keys", keys.count, insert)
        try await read(keys, memory, "memory get among 1,000,000 keys", readers: 1)
        let list = try await ContinuousClock().measure {
            for index in 0..<1_000 { _ = try await memory.list(Listing(prefix: "mount/", after: "\(index % 97)/", limit: 10)) }
        }
        report("memory list of 10 folders among 1,000,000 keys", 1_000, list)
    }

    private func filled(_ storage: any Storage) async throws -> [String] {
        let keys = (0..<10_000).map { "mount/3f1c/data/item\($0)" }
        var batch = Batch()
        for key in keys { batch.put(key, Array(repeating: 7, count: 400)) }
        try await storage.commit(batch)
        return keys
    }

    private func read(_ keys: [String], _ storage: any Storage, _ what: String, readers: Int) async throws {
        let duration = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<readers {
                    group.addTask {
                        for key in keys { _ = try await storage.get(key) }
                    }
                }
                try await group.waitForAll()
            }
        }
        report(what, keys.count * readers, duration)
    }
}
