import AuthMethods
import EngineKit
import Syntax
import TestSupport
import Testing

@Suite("Userpass: lockout")
struct LockoutTests {
    private func driver(
        _ hasher: CountingHasher = CountingHasher(), storage: any Storage = StampingStorage(MemoryStorage())
    ) async throws -> AuthDriver {
        let driver = try AuthDriver(UserpassMethod.description(hasher: hasher, gate: wideGate), storage: storage)
        try await driver.send(.update, "users/bob", ["password": "right"])
        return driver
    }

    private func attempt(_ driver: AuthDriver, _ name: String = "bob", _ password: JSON = "wrong") async -> CofferError.Code? {
        await driver.refusal(.update, "login/\(name)", ["password": password])?.code
    }

    @Test("five failures lock a name for fifteen minutes, even for the right password, known or not", arguments: ["bob", "nobody"])
    func locks(name: String) async throws {
        let users = try await driver()
        for _ in 0..<5 { #expect(await attempt(users, name) == .invalidRequest) }
        let locked = try #require(await users.refusal(.update, "login/\(name)", ["password": "right"]))
        #expect(locked.bytes == CofferError.denied.bytes)
        users.time.advance(seconds: 899)
        #expect(await attempt(users, name, "right") == .permissionDenied)
        users.time.advance(seconds: 1)
        #expect(await attempt(users, name, "right") == (name == "bob" ? nil : .invalidRequest))
    }

    @Test("a locked name costs no hash, and attempts at it do not keep it locked")
    func lockedIsCheap() async throws {
        let hasher = CountingHasher()
        let users = try await driver(hasher)
        for _ in 0..<5 { _ = await attempt(users) }
        let before = hasher.count
        for _ in 0..<20 {
            users.time.advance(seconds: 44)
            #expect(await attempt(users) == .permissionDenied)
        }
        #expect(hasher.count == before)
        users.time.advance(seconds: 20)
        #expect(await attempt(users, "bob", "right") == nil)
    }

    @Test("every spelling of a name has the one counter")
    func oneCounter() async throws {
        let users = try await driver()
        for name in ["Bob", "BOB", " bob ", "bob", "bOb "] { #expect(await attempt(users, name) == .invalidRequest) }
        for name in ["bob", "BoB", "  bob"] { #expect(await attempt(users, name, "right") == .permissionDenied) }
        #expect(await attempt(users, "bobby") == .invalidRequest)
    }

    @Test("a good login forgets the failures, and so does time")
    func forgets() async throws {
        let users = try await driver()
        for _ in 0..<3 {
            for _ in 0..<4 { _ = await attempt(users) }
            #expect(await attempt(users, "bob", "right") == nil)
        }
        for _ in 0..<4 { _ = await attempt(users) }
        users.time.advance(seconds: 900)
        for _ in 0..<4 { #expect(await attempt(users) == .invalidRequest) }
        #expect(await attempt(users, "bob", "right") == nil)
    }

    @Test("a restart frees nobody and forgets no failure")
    func survivesRestart() async throws {
        let users = try await driver()
        for _ in 0..<3 { _ = await attempt(users) }
        let again = try users.restarted()
        for _ in 0..<2 { #expect(await attempt(again) == .invalidRequest) }
        #expect(await attempt(try again.restarted(), "bob", "right") == .permissionDenied)
    }

    @Test("a thousand guesses at the same moment are worth five")
    func concurrentGuesses() async throws {
        let hasher = CountingHasher(yields: 5)
        let users = try await driver(hasher, storage: YieldingStorage(StampingStorage(MemoryStorage())))
        let before = hasher.count
        let outcomes = await withTaskGroup(of: CofferError.Code?.self) { group in
            for _ in 0..<1_000 { group.addTask { await attempt(users) } }
            return await group.reduce(into: [CofferError.Code?]()) { $0.append($1) }
        }
        #expect(hasher.count - before == 5)
        #expect(outcomes.count { $0 == .invalidRequest } == 5)
        #expect(outcomes.allSatisfy { $0 == .invalidRequest || $0 == .permissionDenied || $0 == .rateLimited })
    }

    @Test("many good logins of one user at once all succeed")
    func concurrentLogins() async throws {
        let users = try await driver(CountingHasher(yields: 5), storage: YieldingStorage(StampingStorage(MemoryStorage())))
        for _ in 0..<4 { _ = await attempt(users) }
        let outcomes = await withTaskGroup(of: CofferError.Code?.self) { group in
            for _ in 0..<100 { group.addTask { await attempt(users, "bob", "right") } }
            return await group.reduce(into: [CofferError.Code?]()) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0 == nil })
    }

    @Test("locked names can be seen and freed, in any spelling")
    func unlock() async throws {
        let users = try await driver()
        for name in ["bob", "nobody"] { for _ in 0..<5 { _ = await attempt(users, name) } }
        for _ in 0..<4 { _ = await attempt(users, "almost") }
        let method = try #require(users.method as? any LockingEngine)
        #expect(try await method.lockedNames() == ["bob", "nobody"])
        try await method.unlock(" BOB ")
        try await method.unlock("never seen")
        #expect(try await method.lockedNames() == ["nobody"])
        #expect(await attempt(users, "bob", "right") == nil)
        users.time.advance(seconds: 900)
        #expect(try await method.lockedNames() == [])
    }

    @Test("guessing names fills no storage, and pushes no user's failures out")
    func boundedStorage() async throws {
        let storage = StampingStorage(MemoryStorage())
        let users = try await driver(storage: storage)
        for _ in 0..<5 { _ = await attempt(users) }
        let key = try #require(try await users.records().keys.first { $0.hasPrefix("lockout/") })
        let row = try #require(try JSON(parsing: try await storage.get(key)?.value ?? []).arrayValue?.first)
        // A record full of newer names that are no users, as a flood would leave it.
        let others: [JSON] = (0..<31).map { index in
            ["name": .string("x\(index)"), "failures": 1, "last": .int((row["last"]?.intValue ?? 0) + 1), "user": false]
        }
        var batch = Batch()
        batch.put(key, JSON.array([row] + others).encoded())
        try await storage.commit(batch)
        // Names that no user has, until some fall into this record.
        var fallen = 0
        for index in 0..<60_000 where fallen < 3 {
            let before = try await storage.get(key)?.version
            _ = await attempt(users, "guess\(index)")
            if try await storage.get(key)?.version != before { fallen += 1 }
        }
        #expect(fallen == 3)
        let rows = try JSON(parsing: try await storage.get(key)?.value ?? []).arrayValue
        #expect(rows?.count == 32)
        #expect(await attempt(users, "bob", "right") == .permissionDenied)
    }

    @Test("without its storage nobody gets in, and no failure goes uncounted")
    func failingCommit() async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let users = try await driver(storage: storage)
        _ = await attempt(users)
        storage.failCommits(from: 1)
        for name in ["bob", "nobody"] { #expect(await attempt(users, name) == .unavailable) }
        // The failures before this login cannot be forgotten, so it does not succeed.
        #expect(await attempt(users, "bob", "right") == .unavailable)
        storage.heal()
        #expect(await attempt(users, "bob", "right") == nil)
    }
}
