import Core
import EngineKit
import Synchronization
import Syntax
import TestSupport
import Testing

private final class LoneCluster: Cluster {
    let mayServe = true
    let leadingTerm: UInt64? = 1
    let nodes: [ClusterNode] = []
    func offerToLead(_ isOffered: Bool) {}
}

/// A store of which one record cannot be read.
private final class BrokenRecord: Storage {
    private let base = MemoryStorage()
    private let fault = Mutex<(key: String, error: StorageError)?>(nil)

    func fail(_ key: String, _ error: StorageError) { fault.withLock { $0 = (key, error) } }
    func heal() { fault.withLock { $0 = nil } }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        if let fault = fault.withLock({ $0 }), fault.key == key { throw fault.error }
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }
    func commit(_ batch: Batch) async throws(StorageError) { try await base.commit(batch) }
}

@Suite("Keys that another node may have replaced", .timeLimit(.minutes(10)))
struct KeysFollowedTests {
    private static let changes: [StorageChange] = [.everything, .keys(["core/keyring"]), .keys(["core/seal"])]
    private static let records = ["core/seal", "core/keyring"]

    @Test(
        "a store that does not answer says nothing of them: the feed is told, and the node stays open", arguments: changes, records)
    func outage(_ change: StorageChange, _ record: String) async throws {
        let storage = BrokenRecord()
        let harness = try await CoreHarness.make(storage: storage, cluster: LoneCluster())
        storage.fail(record, .unavailable("the database is away"))
        let expected = StorageError.unavailable("the database is away")
        await #expect(throws: expected) { try await harness.core.drop(change) }
        storage.heal()
        try await harness.core.drop(change)
        #expect(!harness.core.isSealed)
        #expect(await harness.ask(.update, "secret/data/x", ["data": ["a": "b"]]).isSuccess)
    }

    @Test("a keyring that does not open seals the node", arguments: records)
    func damaged(_ record: String) async throws {
        let storage = BrokenRecord()
        let harness = try await CoreHarness.make(storage: storage, cluster: LoneCluster())
        storage.fail(record, .corrupted(key: record))
        try await harness.core.drop(.keys(["core/keyring"]))
        for _ in 0..<5_000 where !harness.core.isSealed { try await Task.sleep(for: .milliseconds(1)) }
        #expect(harness.core.isSealed)
    }
}
