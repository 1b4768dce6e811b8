import ConnectionsEngine
import EngineKit
import Outbound
import Synchronization
import Syntax
import TestSupport
import Testing

/// Notes which records are read.
final class NotedStorage: Storage {
    private let base: any Storage
    private let noted = Mutex<[String]>([])

    init(_ base: any Storage) { self.base = base }

    var read: [String] { noted.withLock { $0 } }
    func forget() { noted.withLock { $0 = [] } }

    func get(_ key: String) async throws(StorageError) -> StoredRecord? {
        noted.withLock { $0.append(key) }
        return try await base.get(key)
    }

    func list(_ listing: Listing) async throws(StorageError) -> [String] { try await base.list(listing) }
    func commit(_ batch: Batch) async throws(StorageError) { try await base.commit(batch) }
}

@Suite("Owners")
struct OwnerTests {
    @Test("no request for one owner reads a record of another")
    func isolation() async throws {
        let storage = NotedStorage(StampingStorage(MemoryStorage()))
        let driver = ConnectionsDriver(storage: storage)
        for owner in ["user:u1", "user:u2", "user:u10", "project:u1"] { try await driver.connect("tokens/\(owner)/prod/acme") }
        storage.forget()
        driver.time.advance(seconds: 4_000)
        _ = try await driver.token()
        _ = try await driver.status()
        _ = try await driver.send(.list, "tokens/user:u1")
        _ = try await driver.send(.delete, ConnectionsDriver.path)
        _ = try await driver.send(.delete, "owners/user:u1")
        #expect(storage.read.contains("token/user:u1/prod/acme"))
        #expect(!storage.read.contains { $0.contains("user:u2") || $0.contains("user:u10") || $0.contains("project:") })
        for owner in ["user:u2", "user:u10", "project:u1"] {
            #expect(try await driver.token("tokens/\(owner)/prod/acme").hasPrefix("access-canary"))
        }
    }

    @Test("a record that is copied to another owner, environment or platform does not open")
    func copied() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        try await driver.connect("tokens/user:u2/prod/acme")
        let stolen = try #require(try await driver.storage.get("token/user:u2/prod/acme")).value
        for place in ["user:u1/prod/acme", "user:u2/dev/acme", "user:u2/prod/other"] {
            var batch = Batch()
            batch.put("token/" + place, stolen)
            try await driver.storage.commit(batch)
            #expect(await driver.refusal(.read, "tokens/" + place)?.code == .internal)
        }
    }

    @Test("nothing of a token is in the clear inside the barrier either, and no event or record of an act has one")
    func sealedTwice() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect(ConnectionsDriver.path, ["metadata": ["workspace_id": "w1"]])
        driver.time.advance(seconds: 4_000)
        _ = try await driver.token()
        driver.provider.next(.answer(400, #"{"error":"invalid_grant","canary":"x-canary"}"#))
        driver.time.advance(seconds: 4_000)
        _ = await driver.fetchReason()
        var text = try await driver.dump()
        // The one secret that the barrier alone seals is the platform's own.
        text = text.split(separator: "\n").filter { !$0.contains("client-secret-canary") }.joined(separator: "\n")
        text += driver.events.all.map { String(decoding: $0.json.encoded(), as: UTF8.self) }.joined()
        text += driver.acts.all.map { "\($0)" }.joined()
        #expect(text.contains("user:u1") && !text.contains("canary"))
    }

    @Test("deleting an owner revokes and destroys everything and its key, and asking again is no error")
    func deletion() async throws {
        let driver = ConnectionsDriver()
        for place in ["prod/acme", "dev/acme", "prod/other"] { try await driver.connect("tokens/user:u1/\(place)") }
        let answer = try await driver.send(.delete, "owners/user:u1")
        #expect(answer["deleted"]?.intValue == 3)
        #expect(driver.provider.calls.count { $0.url.hasSuffix("/revoke") } == 2)
        #expect(try await driver.keys().allSatisfy { $0.hasPrefix("platform/") })
        #expect(try await driver.send(.delete, "owners/user:u1")["deleted"]?.intValue == 0)
        #expect(await driver.fetchReason() == "not_connected")
    }

    @Test(
        "owners, environments and platforms of another form are refused",
        arguments: [
            "tokens/u1/prod/acme", "tokens/team:u1/prod/acme", "tokens/user:/prod/acme", "tokens/user:a\\b/prod/acme",
            "tokens/user:u1/pr%od/acme", "tokens/user:u1/prod/ac.me", "tokens/user:u1/prod/-acme", "tokens/group:é/prod/acme",
        ])
    func badNames(path: String) async {
        #expect(await ConnectionsDriver().refusal(.read, path)?.code == .invalidRequest)
    }

    @Test("platforms are one in any case, for those who may use the lower-case path")
    func spelling() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        #expect(try await driver.token("tokens/user:u1/PROD/Acme") == "first-canary")
        let denied = await driver.refusal(.read, "tokens/user:u1/prod/Acme") { _, path in path != "tokens/user:u1/prod/acme" }
        #expect(denied?.code == .permissionDenied)
    }

    @Test("a client secret is never answered back, and an environment's own client wins")
    func clients() async throws {
        let driver = ConnectionsDriver()
        try await driver.connect()
        try await driver.send(
            .update, "platforms/acme", ["client_id": "dev-id", "client_secret": "dev-secret", "environment": "dev"])
        let shown = try await driver.send(.read, "platforms/acme")
        #expect(shown["client_id"] == "id" && shown["configured"] == ["*", "dev"])
        #expect(!String(decoding: shown.encoded(), as: UTF8.self).contains("secret"))
        try await driver.send(
            .update, "tokens/user:u1/dev/acme",
            ["access_token": "t", "expires_in": 0, "refresh_token": .string(driver.provider.issue())])
        _ = try await driver.token("tokens/user:u1/dev/acme")
        #expect(Provider.form(driver.provider.calls[0].body)["client_id"] == "dev-id")
        #expect(await driver.refusal(.update, "platforms/acme", ["client_id": "x"])?.code == .invalidRequest)
    }

    @Test("an owner's connections are listed in pages")
    func pages() async throws {
        let driver = ConnectionsDriver()
        for place in ["prod/acme", "dev/acme", "prod/other"] { try await driver.connect("tokens/user:u1/\(place)") }
        let list = { (query: [String: String]) in
            try await driver.send(.list, "tokens/user:u1", query: query)["keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        }
        #expect(try await list([:]) == ["dev/acme", "prod/acme", "prod/other"])
        #expect(try await list(["limit": "2"]) == ["dev/acme", "prod/acme"])
        #expect(try await list(["limit": "2", "after": "prod/acme"]) == ["prod/other"])
        #expect(await driver.refusal(.list, "tokens/user:u1", query: ["limit": "abc"])?.code == .invalidRequest)
    }
}
