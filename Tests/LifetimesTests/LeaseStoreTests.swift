import EngineKit
import Lifetimes
import SecretMemory
import Syntax
import TestSupport
import Testing

@Suite struct LeaseStoreTests {
    private let time = ManualTime()
    private let memory = MemoryStorage()
    private let failing: FailingStorage
    private let tokens: TokenStore
    private let leases: LeaseStore

    init() {
        failing = FailingStorage(memory)
        tokens = Self.tokens(StampingStorage(failing), time, seed: 1)
        leases = LeaseStore(tokens: tokens)
    }

    private static func tokens(_ storage: any Storage, _ time: ManualTime, seed: UInt64) -> TokenStore {
        TokenStore(
            storage: storage, key: SecretBytes([UInt8](repeating: 7, count: 32)), time: time,
            randomness: SeededRandomness(seed: seed))
    }

    /// As another start sees the same records.
    private func reopened() -> (tokens: TokenStore, leases: LeaseStore) {
        failing.heal()
        let tokens = Self.tokens(StampingStorage(memory), time, seed: 2)
        return (tokens, LeaseStore(tokens: tokens))
    }

    private func token(ttl: Int? = nil, parent: TokenEntry? = nil) async throws -> TokenEntry {
        let made = try await tokens.create(parent: parent, displayName: "", policies: ["p"], path: "auth/token/create") { entry in
            entry.expiresAt = ttl.map { time.now().adding(seconds: $0) }
        }
        return try #require(made).entry
    }

    private func draft(_ token: TokenEntry, path: String = "db/creds/a", ttl: Int = 100) -> LeaseEntry {
        leases.draft(
            path: path, token: token, mountID: "m", mountPath: "db/", grant: LeaseGrant(ttl: ttl, data: ["username": "u"]),
            defaultTTL: 100, maxTTL: 1_000)
    }

    private func keys(_ prefix: String = "lease/") async throws -> [String] {
        try await memory.list(Listing(prefix: prefix, isRecursive: true))
    }

    /// Every index entry has its lease, and every lease is found by an index that ends it.
    private func checkIndexes(_ leases: LeaseStore) async throws {
        let keys = try await keys()
        for id in try await leases.list("", limit: 1_000, isRecursive: true) {
            let entry = try #require(try await leases.read(id)).entry
            let isFound = keys.contains { ($0.hasPrefix("expiry/") || $0.hasPrefix("queue/")) && $0.hasSuffix("/" + id) }
            #expect(isFound, "\(id) \(entry.state)")
        }
        for key in keys where !key.hasPrefix("id/") {
            let id = key.split(separator: "/", maxSplits: key.hasPrefix("stuck/") ? 1 : 2).last.map(String.init) ?? ""
            #expect(keys.contains("id/" + id), "\(key)")
        }
    }

    @Test("what is due comes in the order of time, and nothing else comes") func dueInOrder() async throws {
        let token = try await token()
        for ttl in [300, 100, 200, 100_000] { _ = try await leases.register(draft(token, path: "db/\(ttl)", ttl: ttl)) }
        #expect(try await leases.due(limit: 10).isEmpty)
        time.advance(seconds: 200)
        #expect(try await leases.due(limit: 10).map { $0.id.prefix(6) } == ["db/100", "db/200"])
        #expect(try await leases.due(limit: 1).count == 1)
    }

    @Test("a lease has its last second to the end") func lastSecond() async throws {
        time.set(Timestamp(nanoseconds: time.now().nanoseconds + 400_000_000))
        let entry = try #require(try await leases.register(draft(try await token(), ttl: 10)))
        time.set(Timestamp(nanoseconds: entry.expiresAt.nanoseconds - 1))
        #expect(try await leases.due(limit: 10).isEmpty)
        time.advance(seconds: 1)
        #expect(try await leases.due(limit: 10).map(\.id) == [entry.id])
    }

    @Test("a clock set back ends nothing early, and one set forward ends it") func clock() async throws {
        let entry = try #require(try await leases.register(draft(try await token())))
        time.advance(seconds: -1_000_000)
        #expect(try await leases.due(limit: 10).isEmpty)
        #expect(entry.isActive(at: time.now()))
        time.advance(seconds: 10_000_000)
        #expect(try await leases.due(limit: 10).count == 1)
    }

    @Test("what a batch token leases ends with it, and with its parent") func batchTokens() async throws {
        let parent = try await token()
        var batch = TokenEntry(
            id: "", accessor: "", policies: ["p"], displayName: "", path: "auth/token/create", createdAt: time.now())
        batch.type = .batch
        batch.parentID = parent.id
        batch.expiresAt = time.now().adding(seconds: 60)
        let entry = try #require(try await leases.register(draft(batch)))
        #expect(entry.secondsLeft(at: time.now()) == 60)
        time.advance(seconds: 20)
        let (current, version) = try #require(try await leases.read(entry.id))
        let renewed = try await leases.renew(current, version: version, grant: LeaseGrant(ttl: 500, data: current.data))
        #expect(renewed?.secondsLeft(at: time.now()) == 40)
        try await tokens.revokeTree(id: parent.id)
        #expect(try await leases.due(limit: 10).map(\.id) == [entry.id])
        #expect(try await leases.register(draft(batch)) == nil)
        batch.parentID = ""
        let orphaned = try #require(try await leases.register(draft(batch)))
        #expect(orphaned.secondsLeft(at: time.now()) == 40)
    }

    @Test("a renewal moves the one index entry") func renewalMovesTheIndex() async throws {
        let entry = try #require(try await leases.register(draft(try await token())))
        time.advance(seconds: 50)
        let (current, version) = try #require(try await leases.read(entry.id))
        _ = try await leases.renew(current, version: version, grant: LeaseGrant(ttl: 200))
        #expect(try await keys("lease/expiry/").count == 1)
        time.advance(seconds: 60)
        #expect(try await leases.due(limit: 10).isEmpty)
        #expect(try await leases.renew(current, version: version, grant: LeaseGrant(ttl: 200)) == nil, "an old version")
        try await checkIndexes(leases)
    }

    @Test("a lease that was renewed after it was found due is not taken") func renewedMeanwhile() async throws {
        let entry = try #require(try await leases.register(draft(try await token())))
        time.advance(seconds: 100)
        let due = try #require(try await leases.due(limit: 1).first)
        let (current, version) = try #require(try await leases.read(entry.id))
        _ = try await leases.renew(current, version: version, grant: LeaseGrant(ttl: 200))
        #expect(try await leases.take(due) == nil)
        #expect(try await leases.read(entry.id)?.entry.state == .active)
    }

    @Test("failures lead to irrevocable, success to nothing") func failures() async throws {
        let token = try await token()
        let (stuck, gone) = (
            try #require(try await leases.register(draft(token))), try #require(try await leases.register(draft(token)))
        )
        for count in 1...LeaseStore.revocationsMax {
            let failed = try #require(try await leases.failed(stuck.id, reason: "no\(count)"))
            #expect((failed.state == .irrevocable) == (count == LeaseStore.revocationsMax))
            #expect(failed.failure == "no\(count)")
            try await checkIndexes(leases)
        }
        #expect(try await leases.irrevocables(limit: 10) == [stuck.id])
        try await leases.forget(gone)
        try await leases.forget(stuck)
        #expect(try await keys().isEmpty)
    }

    @Test("a crash anywhere leaves whole leases and whole indexes", arguments: [FailingStorage.Moment.before, .after])
    func crashes(moment: FailingStorage.Moment) async throws {
        let parent = try await token()
        let child = try await token(ttl: 500, parent: parent)
        for _ in 0..<3 { _ = try await leases.register(draft(parent)) }
        let held = try #require(try await leases.register(draft(child)))
        for number in 1...6 {
            failing.failCommit(number, moment)
            _ = try? await leases.register(draft(child, path: "db/\(number)"))
            if let (entry, version) = try await leases.read(held.id) {
                _ = try? await leases.renew(entry, version: version, grant: LeaseGrant(ttl: 100 + number))
            }
            _ = try? await leases.failed(held.id, reason: "no")
            _ = try? await leases.beginRevoking(held.id, retryAfter: 0)
            let again = reopened()
            try await checkIndexes(again.leases)
        }
    }

    @Test("a revocation cut short anywhere is finished by the next start", arguments: 1...9)
    func treeCutShort(number: Int) async throws {
        let parent = try await token()
        let child = try await token(parent: parent)
        let grandchild = try await token(parent: child)
        for token in [parent, child, grandchild] {
            for _ in 0..<2 { _ = try await leases.register(draft(token)) }
        }
        failing.failCommits(from: number)
        let isDone = (try? await tokens.revokeTree(id: parent.id)) != nil
        let again = reopened()
        try await again.tokens.resumeRevocations()
        let isGone = try await again.tokens.entry(id: parent.id) == nil
        #expect(isGone || !isDone)
        for id in [child.id, grandchild.id] { #expect(try await (again.tokens.entry(id: id) == nil) == isGone) }
        #expect(try await again.leases.due(limit: 10).count == (isGone ? 6 : 0))
        #expect(try await keys("revoking/").isEmpty)
    }

    @Test("what a lost token left behind is found by the tidy") func tidy() async throws {
        let token = try await token()
        let entry = try #require(try await leases.register(draft(token)))
        var batch = Batch()
        batch.delete("id/" + token.id)
        try await memory.commit(batch)
        #expect(try await leases.tidy(after: nil, limit: 10) == nil)
        #expect(try await leases.due(limit: 10).map(\.id) == [entry.id])
    }
}
