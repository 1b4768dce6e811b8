import EngineKit
import Foundation
import Logging
import StoreSQLite
import TestSupport
import Testing

/// A store whose index is never trusted, because a page of its table cannot be read.
@Suite struct SQLiteUntrustedIndexTests {
    private static let pageBytes = 4_096
    private static let count = 600

    private static func key(_ index: Int) -> String { "mount/4f/data/secret-\(index)" }

    /// Closed, with its first rows in a page that the tests damage and no other row in it.
    private func makeStore(_ directory: TemporaryDirectory) async throws {
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        for range in [0..<400, 400..<400 + Self.count] {
            var batch = Batch()
            for index in range { batch.put(index < 400 ? "first/\(index)" : Self.key(index - 400), [UInt8(index % 251)]) }
            try await storage.commit(batch)
        }
        await storage.close()
    }

    /// Makes a leaf of the table unreadable; gives what puts it right again.
    private func damageTable(_ directory: TemporaryDirectory) throws -> () throws -> Void {
        let url = URL(filePath: directory.file("coffer.db"))
        let bytes = [UInt8](try Data(contentsOf: url))
        let page = try #require(
            stride(from: Self.pageBytes, to: bytes.count, by: Self.pageBytes).first { start in
                bytes[start] == 0x0D && Data(bytes[start..<start + Self.pageBytes]).range(of: Data("first/0".utf8)) != nil
            })
        let whole = Data(bytes[page..<page + Self.pageBytes])
        func write(_ data: Data) throws {
            let file = try FileHandle(forUpdating: url)
            try file.seek(toOffset: UInt64(page))
            try file.write(contentsOf: data)
            try file.close()
        }
        try write(Data(count: Self.pageBytes))
        return { try write(whole) }
    }

    @Test("what is written without a condition is refused where the index is wrong, so that it can be rebuilt", arguments: 0..<20)
    func unconditional(_ seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        try IndexDamage.flip(directory, seed: seed, in: "secret-")
        let putRight = try damageTable(directory)
        var storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        var expected: [Int: [UInt8]] = [:]
        var refused = 0
        for index in 0..<Self.count {
            var batch = Batch()
            let isDeletion = index % 3 == 0
            if isDeletion { batch.delete(Self.key(index)) } else { batch.put(Self.key(index), [255]) }
            expected[index] = isDeletion ? nil : [255]
            do {
                try await storage.commit(batch)
            } catch {
                guard case .corrupted = error else { throw error }
                refused += 1
                expected[index] = [UInt8((index + 400) % 251)]
            }
        }
        await storage.close()
        #expect(refused > 0 && refused < Self.count)
        try putRight()
        storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        for index in 0..<Self.count {
            #expect(try await storage.get(Self.key(index))?.value == expected[index], "secret-\(index)")
        }
        await storage.close()
    }

    @Test("an absence is no damage while others write beside the place")
    func beside() async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        _ = try damageTable(directory)
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        let writer = Task {
            while !Task.isCancelled {
                for key in ["q/1", "q/3"] {
                    var put = Batch()
                    put.put(key, [1])
                    try await storage.commit(put)
                    var delete = Batch()
                    delete.delete(key)
                    try await storage.commit(delete)
                }
            }
        }
        for _ in 0..<20_000 { #expect(try await storage.get("q/2") == nil) }
        writer.cancel()
        try await writer.value
        await storage.close()
    }
}
