import EngineKit
import Foundation
import StoreSQLite
import TestSupport
import Testing

/// While a large store is being checked, a flipped bit in the index makes no list shorter than it is.
@Suite struct SQLiteCheckedListTests {
    private static let count = 600
    private static let keys = (0..<count).map { "mount/4f/data/\($0 % 7)/secret-\($0)" }

    private func makeStore(_ directory: TemporaryDirectory) async throws {
        let storage = try SQLiteStorage(directory: directory.path, logger: quiet)
        var batch = Batch()
        for key in Self.keys { batch.put(key, [7]) }
        try await storage.commit(batch)
        await storage.close()
    }

    private static let listings = [
        Listing(prefix: ""), Listing(prefix: "", isRecursive: true), Listing(prefix: "mount/4f/data/"),
        Listing(prefix: "mount/4f/data/3/"), Listing(prefix: "mount/4f/data/3/", after: "secret-3"),
        Listing(prefix: "mount/4f/data/", after: "2/"), Listing(prefix: "mount/4f/data/5/", limit: 20),
    ]

    private func rightLists() async throws -> [[String]] {
        let memory = MemoryStorage()
        var batch = Batch()
        for key in Self.keys { batch.put(key, [7]) }
        try await memory.commit(batch)
        var lists: [[String]] = []
        for listing in Self.listings { lists.append(try await memory.list(listing)) }
        return lists
    }

    @Test("waits for the check, which makes the index anew", arguments: 0..<20)
    func waits(_ seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        try IndexDamage.flip(directory, seed: seed, in: "/secret-")
        let right = try await rightLists()
        let storage = try SQLiteStorage(
            directory: directory.path, bytesCheckedAtOnceMax: -1, listsWait: .seconds(600), logger: quiet)
        for (listing, names) in zip(Self.listings, right) { #expect(try await storage.list(listing) == names) }
        await storage.close()
    }

    @Test("is right or refused when the check takes too long to wait for", arguments: 0..<40)
    func refuses(_ seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        try IndexDamage.flip(directory, seed: seed, in: "/secret-")
        let right = try await rightLists()
        for (listing, names) in zip(Self.listings, right) {
            // Anew for each, for the check goes on meanwhile.
            let storage = try SQLiteStorage(directory: directory.path, bytesCheckedAtOnceMax: -1, listsWait: .zero, logger: quiet)
            do {
                #expect(try await storage.list(listing) == names)
            } catch {
                guard case .corrupted = error else { throw error }
            }
            await storage.close()
        }
    }

    @Test("lists a sound store before it has been checked")
    func sound() async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        let storage = try SQLiteStorage(directory: directory.path, bytesCheckedAtOnceMax: -1, listsWait: .zero, logger: quiet)
        for (listing, names) in zip(Self.listings, try await rightLists()) { #expect(try await storage.list(listing) == names) }
        await storage.close()
    }

    @Test("a store that is closed keeps no list waiting")
    func closed() async throws {
        let directory = try TemporaryDirectory()
        try await makeStore(directory)
        let storage = try SQLiteStorage(
            directory: directory.path, bytesCheckedAtOnceMax: -1, listsWait: .seconds(600), logger: quiet)
        await storage.close()
        await #expect(throws: StorageError.self) { try await storage.list(Listing(prefix: "")) }
    }
}
