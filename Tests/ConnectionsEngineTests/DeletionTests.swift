import ConnectionsEngine
import EngineKit
import Outbound
import Synchronization
import Syntax
import TestSupport
import Testing

/// Lets something happen directly before a connection's removal is committed.
private final class HookedCommits: Storage {
    private let base: any Storage
    private let hook = Mutex<(times: Int, run: @Sendable () async throws -> Void)?>(nil)

    init(_ base: any Storage) { self.base = base }

    func beforeDeletion(times: Int = 1, _ run: @escaping @Sendable () async throws -> Void) { hook.withLock { $0 = (times, run) } }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? { try await base.get(key) }
    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }

    func commit(_ batch: Batch) async throws(StorageError) {
        if batch.mutations.contains(where: { $0.change == .delete && $0.key.hasPrefix("token/") }) { await runHook() }
        try await base.commit(batch)
    }

    private func runHook() async {
        let run = hook.withLock { hook -> (@Sendable () async throws -> Void)? in
            guard let (times, run) = hook, times > 0 else { return nil }
            hook = (times - 1, run)
            return run
        }
        do { try await run?() } catch { Issue.record(error) }
    }
}

@Suite("Deleting")
struct DeletionTests {
    private static let places = ["prod/acme", "dev/acme", "staging/acme", "prod/other"]

    @Test("a deletion that fails at any commit is finished by the next process, and everything is revoked", arguments: 1...12)
    func interrupted(commit: Int) async throws {
        let storage = FailingStorage(StampingStorage(MemoryStorage()))
        let driver = ConnectionsDriver(storage: storage)
        for place in Self.places { try await driver.connect("tokens/user:u1/\(place)") }
        try await driver.connect("tokens/user:u2/prod/acme")
        storage.failCommits(from: commit)
        let isWhole = await driver.refusal(.delete, "owners/user:u1") == nil
        storage.heal()
        let next = driver.another()
        // As long as anything is there, nothing of it is given out once the deletion was begun.
        if commit > 1 { #expect(await next.fetchReason() == "not_connected") }
        await next.round()
        if commit == 1 {
            // Nothing was begun: nothing is gone.
            #expect(try await next.token() == "first-canary")
            return
        }
        #expect(try await next.keys().filter { $0.contains("user:u1") }.isEmpty)
        #expect(try await next.token("tokens/user:u2/prod/acme") == "first-canary")
        let revoked = Set(
            driver.provider.calls.filter { $0.url.hasSuffix("/revoke") }.compactMap { Provider.form($0.body)["token"] })
        #expect(revoked.count == 3)
        let acts = next.acts.all
        if !isWhole {
            #expect(
                acts.map(\.path) == ["owners/user:u1", "owners/user:u1"] && acts.allSatisfy { $0.actor == "background-cleanup" })
            #expect(next.events.count(.ownerDeleted) == 1)
        }
        #expect(driver.events.count(.deleted) + next.events.count(.deleted) == Self.places.count)
        #expect(try await next.send(.delete, "owners/user:u1")["deleted"]?.intValue == 0)
    }

    @Test("what cannot be opened any more can still be deleted", arguments: ["token/user:u1/prod/acme", "owner/user:u1"])
    func unreadable(key: String) async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        var batch = Batch()
        batch.put(key, [1, 2, 3])
        try await driver.storage.commit(batch)
        #expect(await driver.refusal(.read, ConnectionsDriver.path)?.code == .internal)
        let answer = try await driver.send(.delete, "owners/user:u1")
        #expect(answer["revocations"] == ["failed": 1])
        #expect(try await driver.keys().allSatisfy { $0.hasPrefix("platform/") || $0.hasPrefix("due/") })
        driver.time.advance(seconds: 4_000)
        await driver.round()
        #expect(try await driver.keys().allSatisfy { $0.hasPrefix("platform/") })
        try await driver.connect()
        #expect(try await driver.token() == "first-canary")
    }

    @Test("an outage at the provider is tried three times, and the outcome is told")
    func outcomes() async throws {
        let driver = ConnectionsDriver()
        let outcome = { (acts: [Provider.Act]) async throws -> (String, Int) in
            try await driver.connect()
            let before = driver.provider.calls.count
            driver.provider.nextRevocations(acts)
            let answer = try await driver.send(.delete, ConnectionsDriver.path)
            return (answer["revocation"]?.stringValue ?? "", driver.provider.calls.count - before)
        }
        #expect(try await outcome([.answer(200, "")]) == ("revoked", 1))
        #expect(try await outcome([.answer(503, ""), .answer(200, "{}")]) == ("revoked", 2))
        #expect(try await outcome([.answer(503, ""), .answer(429, ""), .fail(.notSent(.unreachable))]) == ("failed", 3))
        #expect(try await outcome([.answer(400, "")]) == ("failed", 1))
        #expect(try await outcome([.answer(200, #"{"ok":false,"error":"invalid_auth"}"#)]) == ("failed", 1))
        #expect(await driver.fetchReason() == "not_connected")
    }

    @Test("the provider is given the token that its profile names")
    func revokedToken() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        try await driver.connect("tokens/user:u1/prod/chat")
        _ = try await driver.send(.delete, ConnectionsDriver.path)
        _ = try await driver.send(.delete, "tokens/user:u1/prod/chat")
        let forms = driver.provider.calls.map { Provider.form($0.body) }
        #expect(forms[0]["token"]?.hasPrefix("refresh-") == true && forms[0]["token_type_hint"] == "refresh_token")
        #expect(forms[1]["token"] == "first-canary" && forms[1]["token_type_hint"] == nil)
    }

    @Test("a token that is replaced while the provider is asked is revoked too, and the provider is asked outside of the change")
    func replacedMeanwhile() async throws {
        let storage = HookedCommits(StampingStorage(MemoryStorage()))
        let driver = ConnectionsDriver(storage: storage)
        try await driver.connect("tokens/user:u1/prod/chat")
        storage.beforeDeletion { try await driver.connect("tokens/user:u1/prod/chat", ["access_token": "second-canary"]) }
        let answer = try await driver.send(.delete, "tokens/user:u1/prod/chat")
        #expect(answer["revocation"] == "revoked")
        let revoked = driver.provider.calls.compactMap { Provider.form($0.body)["token"] }
        #expect(revoked == ["first-canary", "second-canary"])
        #expect(try await driver.keys().allSatisfy { !$0.contains("user:u1/prod") })
    }

    @Test("a deletion that loses the race again and again asks the provider a few times, and deletes")
    func contended() async throws {
        let storage = HookedCommits(StampingStorage(MemoryStorage()))
        let driver = ConnectionsDriver(storage: storage)
        try await driver.connect("tokens/user:u1/prod/chat")
        storage.beforeDeletion(times: 7) { try await driver.connect("tokens/user:u1/prod/chat") }
        #expect(try await driver.send(.delete, "tokens/user:u1/prod/chat")["revocation"] == "revoked")
        #expect((2...4).contains(driver.provider.calls.count))
        #expect(try await driver.keys().allSatisfy { !$0.contains("user:u1/prod") })
    }
}
