import AuthMethods
import EngineKit
import SecretMemory
import Syntax
import TestSupport
import Testing

@Suite("Userpass: users and passwords")
struct UserpassTests {
    private func driver(
        _ hasher: CountingHasher = CountingHasher(), gate: PasswordHashLimiter = wideGate,
        storage: any Storage = StampingStorage(MemoryStorage())
    ) async throws -> AuthDriver {
        let driver = try AuthDriver(UserpassMethod.description(hasher: hasher, gate: gate), storage: storage)
        try await driver.send(.update, "users/bob", ["password": "right", "token_policies": "dev"])
        return driver
    }

    private func logsIn(_ driver: AuthDriver, _ password: JSON) async -> Bool {
        await driver.refusal(.update, "login/bob", ["password": password]) == nil
    }

    @Test("a new user reads as in the Vault API, without the password")
    func newUser() async throws {
        let shown = try await driver().data(.read, "users/bob")
        #expect(
            String(decoding: JSON.object(shown).encoded(), as: UTF8.self)
                == #"{"token_bound_cidrs":[],"token_explicit_max_ttl":0,"token_max_ttl":0,"token_no_default_policy":false,"#
                + #""token_num_uses":0,"token_period":0,"token_policies":["dev"],"token_ttl":0,"token_type":"default"}"#)
    }

    @Test("old names are taken, and shown beside the new ones")
    func legacyNames() async throws {
        let users = try await driver()
        try await users.send(
            .update, "users/bob", ["policies": "a", "ttl": 60, "max_ttl": "2m", "bound_cidrs": "127.0.0.1"])
        let shown = try await users.data(.read, "users/bob")
        for (old, new) in [
            ("policies", "token_policies"), ("ttl", "token_ttl"), ("max_ttl", "token_max_ttl"),
            ("bound_cidrs", "token_bound_cidrs"),
        ] {
            #expect(shown[old] != nil && shown[old] == shown[new], "\(old)")
        }
    }

    @Test("a login names the user")
    func metadata() async throws {
        let grant = try await driver().grant("login/Bob", ["password": "right"])
        #expect(grant.metadata == ["username": "bob"])
        #expect(grant.aliasName == "bob")
    }

    @Test("a user needs a password, and changes of other fields keep it")
    func passwordNeeded() async throws {
        let users = try await driver()
        #expect(await users.refusal(.update, "users/new", ["token_policies": "x"])?.message == "missing password")
        #expect(await users.refusal(.update, "users/new", ["password": ""])?.message == "missing password")
        let long: JSON = .string(String(repeating: "x", count: 1_025))
        #expect(await users.refusal(.update, "users/new", ["password": long])?.code == .invalidRequest)
        try await users.send(.update, "users/bob", ["token_ttl": 5])
        #expect(await logsIn(users, "right"))
        #expect(await users.refusal(.update, "login/bob")?.message == "missing password")
        #expect(await users.refusal(.update, "login/nobody")?.message == "missing password")
    }

    /// Whoever can write a record must not be able to make the server hash with any amount of memory and time.
    @Test("a stored hash that asks for more than the bounds is an error of that user alone", arguments: ["n", "r", "p"])
    func storedCost(member: String) async throws {
        let (hasher, storage) = (CountingHasher(), StampingStorage(MemoryStorage()))
        let users = try await driver(hasher, storage: storage)
        try await users.send(.update, "users/eve", ["password": "right"])
        let key = try #require(try await storage.list(Listing(prefix: "", isRecursive: true)).first { $0.hasSuffix("bob") })
        let record = try #require(try await storage.get(key))
        var user = try #require(JSON(parsing: record.value).objectValue)
        var hash = try #require(user["password"]?.objectValue)
        hash[member] = .int(1 << 30)
        user["password"] = .object(hash)
        var batch = Batch()
        batch.put(key, JSON.object(user).encoded())
        try await storage.commit(batch)
        let before = hasher.costs
        #expect(await users.refusal(.update, "login/bob", ["password": "right"])?.code == .internal)
        #expect(hasher.costs.dropFirst(before.count).allSatisfy { $0 == .standard })
        #expect(await users.refusal(.update, "login/eve", ["password": "right"]) == nil)
    }

    @Test("the password and the policies have paths of their own")
    func ownPaths() async throws {
        let users = try await driver()
        try await users.send(.update, "users/BOB/password", ["password": "new"])
        #expect(await logsIn(users, "new"))
        #expect(!(await logsIn(users, "right")))
        #expect(await users.refusal(.update, "users/bob/password")?.message == "missing password")
        try await users.send(.update, "users/bob/policies", ["policies": "ops"])
        #expect(try await users.data(.read, "users/bob")["token_policies"] == ["ops"])
        #expect(await users.refusal(.update, "users/bob/policies")?.code == .invalidRequest)
        for (path, body) in [("password", ["password": "x"]), ("policies", ["policies": "x"])] as [(String, JSONObject)] {
            #expect(await users.refusal(.update, "users/nobody/\(path)", body)?.message == "username does not exist")
        }
        #expect(try await users.keys("users") == ["bob"])
    }

    @Test(
        "every login costs one hash of the same kind and the same storage, whoever it is for",
        arguments: [("bob", "wrong"), ("nobody", "wrong"), ("nobody", "right"), ("BOB", "wrong")])
    func sameWork(name: String, password: String) async throws {
        let hasher = CountingHasher()
        let storage = ReadCounter(StampingStorage(MemoryStorage()))
        let users = try await driver(hasher, storage: storage)
        _ = await users.refusal(.update, "login/somebody", ["password": "warm up"])
        let (hashes, reads, commits) = (hasher.count, storage.count, storage.commitCount)
        _ = await users.refusal(.update, "login/\(name)", ["password": .string(password)])
        #expect(hasher.count == hashes + 1)
        #expect(storage.count == reads + 3)
        #expect(storage.commitCount == commits + 1)
        #expect(Set(hasher.costs) == [hasher.cost])
    }

    @Test("a good login writes nothing")
    func goodLoginIsCheap() async throws {
        let storage = ReadCounter(StampingStorage(MemoryStorage()))
        let users = try await driver(storage: storage)
        #expect(await logsIn(users, "right"))
        let commits = storage.commitCount
        #expect(await logsIn(users, "right"))
        #expect(storage.commitCount == commits)
    }

    @Test("an impossible password is hashed too, and matches nothing", arguments: ["\u{0}", String(repeating: "x", count: 2_000)])
    func impossiblePasswords(password: String) async throws {
        let hasher = CountingHasher()
        let users = try await driver(hasher)
        let before = hasher.count
        #expect(!(await logsIn(users, .string(password))))
        #expect(hasher.count == before + 1)
    }

    @Test("a dearer hash takes the place of an older one at the next login")
    func strengthening() async throws {
        let storage = StampingStorage(MemoryStorage())
        _ = try await driver(CountingHasher(), storage: storage)
        let dear = CountingHasher(cost: HashCost(rounds: 64, blockSize: 8, parallelism: 1))
        let users = try AuthDriver(UserpassMethod.description(hasher: dear, gate: wideGate), storage: storage)
        #expect(!(await logsIn(users, "wrong")))
        #expect(dear.costs.map(\.rounds) == [16])
        #expect(await logsIn(users, "right"))
        #expect(await logsIn(users, "right"))
        #expect(dear.costs.map(\.rounds) == [16, 16, 64, 64])
    }

    @Test("so many hashes run at once and no more, and who finds the queue full is told to come back")
    func gate() async throws {
        let hasher = CountingHasher(yields: 200)
        let users = try await driver(hasher, gate: PasswordHashLimiter(runningMax: 2, waitingMax: 10))
        let outcomes = await withTaskGroup(of: CofferError?.self) { group in
            for index in 0..<60 {
                group.addTask { await users.refusal(.update, "login/user\(index)", ["password": "x"]) }
            }
            return await group.reduce(into: [CofferError?]()) { $0.append($1) }
        }
        #expect(hasher.runningMax <= 2)
        #expect(outcomes.contains { $0?.code == .rateLimited })
        #expect(outcomes.contains { $0?.code == .invalidRequest })
        #expect(outcomes.allSatisfy { $0?.code == .invalidRequest || $0?.code == .rateLimited })
        #expect(await logsIn(users, "right"))
    }

    @Test("scrypt gives what RFC 7914 says")
    func scryptVector() async throws {
        let cost = HashCost(rounds: 1024, blockSize: 8, parallelism: 16)
        let hash = try await ScryptHasher(cost: cost).hash(
            SecretBytes(Array("password".utf8)), salt: Array("NaCl".utf8), cost: cost)
        #expect(
            hash == [
                0xFD, 0xBA, 0xBE, 0x1C, 0x9D, 0x34, 0x72, 0x00, 0x78, 0x56, 0xE7, 0x19, 0x0D, 0x01, 0xE9, 0xFE, 0x7C, 0x6A, 0xD7,
                0xCB, 0xC8, 0x23, 0x78, 0x30, 0xE7, 0x73, 0x76, 0x63, 0x4B, 0x37, 0x31, 0x62,
            ])
    }

    @Test("real hashes differ for the same password of two users, and verify")
    func realHashes() async throws {
        let users = try AuthDriver(
            UserpassMethod.description(
                hasher: ScryptHasher(cost: HashCost(rounds: 16, blockSize: 8, parallelism: 1)), gate: wideGate))
        for name in ["a", "b"] { try await users.send(.update, "users/\(name)", ["password": "same"]) }
        let records = try await users.records()
        #expect(records["user/a"] != nil && records["user/a"] != records["user/b"])
        #expect(try await users.grant("login/a", ["password": "same"]).aliasName == "a")
        #expect(await users.refusal(.update, "login/a", ["password": "other"])?.code == .invalidRequest)
        #expect(try await users.restarted().grant("login/b", ["password": "same"]).aliasName == "b")
    }
}
