import DatabaseClients
import EngineKit
import Foundation
import StoreKit
import TestSupport
import Testing

@testable import StorePostgres

/// A store that a login without privileges serves, with or without tables for owners.
private struct OwnedStore {
    let settings: PostgresSettings
    let login: String
    let admin: PostgresConnection
    var tables: OwnerTables { OwnerTables(table: settings.table) }
    var records: String { "\(tables.schema).records" }

    init(isSetUp: Bool = true, parallelMax: Int = 1) throws {
        var settings = try PostgresServer.settings()
        login = settings.table + "_login"
        admin = try PostgresServer.session()
        try admin.execute("CREATE ROLE \"\(login)\" LOGIN PASSWORD 'of tests'")
        try admin.execute("GRANT CREATE, USAGE ON SCHEMA public TO \"\(login)\"")
        let words = (ProcessInfo.processInfo.environment["COFFER_TEST_POSTGRES"] ?? "").split(separator: " ")
        settings.connectionURL = "host=127.0.0.1 port=\(words[0]) dbname=app user=\(login) password='of tests'"
        settings.parallelMax = parallelMax
        self.settings = settings
        if isSetUp { try setUp() }
    }

    func setUp() throws { for statement in tables.setUp(login: login) { try admin.execute(statement) } }

    func open() async throws -> PostgresStorage { try await PostgresServer.open(settings) }

    func whyRefused() async throws -> String? {
        guard case .unsafeOwnerTables(let reason) = try await PostgresServer.refusal(settings) else { return nil }
        return reason
    }
}

private let mount = "mount/4f0c/"

private func part(_ storage: any Storage, of owner: String) -> OwnedStorage {
    OwnedStorage(PrefixedStorage(storage, prefix: mount), owner: owner)
}

@Suite("The tables of owners in PostgreSQL", .enabled(if: PostgresServer.isThere), .serialized)
struct OwnerTablesTests {
    @Test(arguments: StorageContract.checks.filter { !$0.testDescription.contains("greatest length") })
    func keepsTheContract(_ check: StorageContract.Check) async throws {
        let storage = try await OwnedStore(parallelMax: 4).open()
        try await check.run(part(storage, of: "alice"))
        await storage.close()
    }

    @Test("two owners on one connection never see a record of the other")
    func interleaved() async throws {
        let storage = try await OwnedStore().open()
        for round in 0..<250 {
            for owner in ["alice", "bob"] {
                try await put(part(storage, of: owner), "k", Array("\(owner) \(round)".utf8))
                #expect(try await part(storage, of: owner).get("k")?.value == Array("\(owner) \(round)".utf8))
            }
        }
        #expect(try await storage.list(Listing(prefix: mount + "owned/")) == ["alice/", "bob/"])
        await storage.close()
    }

    @Test("a key of another owner is refused before the database is asked, and hidden by it if it is asked")
    func foreignKeys() async throws {
        let store = try OwnedStore()
        let storage = try await store.open()
        try await put(part(storage, of: "bob"), "k", [1])
        let key = mount + "owned/bob/k"
        for scope in [OwnerScope.owner("alice"), nil] {
            await OwnerScope.$current.withValue(scope) {
                await #expect(throws: StorageError.foreignOwner(key: key)) { try await storage.get(key) }
                await #expect(throws: StorageError.foreignOwner(key: key)) { try await put(storage, key, [2]) }
                await #expect(throws: StorageError.foreignOwner(key: mount + "owned/bob/")) {
                    try await storage.list(Listing(prefix: mount + "owned/bob/"))
                }
            }
        }
        let session = try PostgresConnection(PostgresTarget(url: store.settings.connectionURL, allowsFiles: true))
        let place = RecordPlace(key)
        let get = "SELECT value FROM \(store.tables.schema).get($1, $2, $3)"
        func rows(of owner: String) throws -> Int {
            try session.run(get, [.bytes(Array(owner.utf8)), .bytes(place.head), .bytes(place.mark)]).count
        }
        #expect(try rows(of: "bob") == 1)
        #expect(try rows(of: "alice") == 0)
        for statement in ["SELECT * FROM \(store.records)", "DELETE FROM \(store.records)", "TRUNCATE \(store.records)"] {
            #expect(throws: DatabaseError.self) { try session.execute(statement) }
        }
        await storage.close()
    }

    @Test("a write for an owner whom the transaction does not name is undone with all the others")
    func foreignWrite() async throws {
        let store = try OwnedStore()
        let storage = try await store.open()
        let session = try PostgresConnection(PostgresTarget(url: store.settings.connectionURL, allowsFiles: true))
        let owners = (0..<50).map { Array("owner \($0)".utf8) }
        func write(allowed: [[UInt8]]) throws {
            let many = owners.map { _ in [UInt8]() }
            try session.run(
                "SELECT \(store.tables.schema).put($1, $2, $3, $4, $5, $6, $7)",
                [
                    .byteArrays(allowed), .byteArrays(owners), .byteArrays(owners), .byteArrays(many), .byteArrays(many),
                    .integers(owners.map { _ in 1 }), .byteArrays(many),
                ])
        }
        #expect(throws: DatabaseError.self) { try write(allowed: Array(owners.dropLast())) }
        #expect(try store.admin.execute("SELECT count(*) FROM \(store.records)").first?.first == "0")
        try write(allowed: owners)
        #expect(try store.admin.execute("SELECT count(*) FROM \(store.records)").first?.first == "50")
        await storage.close()
    }

    @Test("a batch of two owners is written together, and only on behalf of everybody")
    func together() async throws {
        let storage = try await OwnedStore().open()
        var batch = Batch()
        for owner in ["alice", "bob"] { batch.put(mount + "owned/\(owner)/k", Array(owner.utf8), version: 1) }
        batch.put("sys/k", [1], version: 1)
        await #expect(throws: StorageError.self) {
            try await OwnerScope.owner("alice").run { () throws(StorageError) in try await storage.commit(batch) }
        }
        #expect(try await storage.get("sys/k") == nil)
        try await OwnerScope.everybody.run { () throws(StorageError) in try await storage.commit(batch) }
        #expect(try await part(storage, of: "bob").get("k")?.value == Array("bob".utf8))
        let all = try await storage.list(Listing(prefix: "", isRecursive: true))
        #expect(all == [mount + "owned/alice/k", mount + "owned/bob/k", "sys/k"])
        try await OwnerScope.everybody.run { () throws(StorageError) in
            try await storage.delete(["owned/alice/k", "owned/bob/k"], below: mount)
        }
        #expect(try await storage.list(Listing(prefix: "", isRecursive: true)) == ["sys/k"])
        await storage.close()
    }

    @Test("a canceled or failed read leaves the connection without an owner")
    func canceled() async throws {
        let store = try OwnedStore()
        let storage = try await store.open()
        try await put(part(storage, of: "alice"), "k", [1])
        try await put(part(storage, of: "bob"), "k", [2])
        for round in 0..<50 {
            let reading = Task { try await part(storage, of: "alice").get("k") }
            if round % 2 == 0 { reading.cancel() }
            _ = try? await reading.value
            if round % 10 == 5 {
                try store.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [store.login])
            }
            #expect(try await part(storage, of: "bob").get("k")?.value == [2])
        }
        await storage.close()
    }

    @Test(
        "refuses to start when the protection was weakened, and says how",
        arguments: [
            ("ALTER ROLE %LOGIN% SUPERUSER", "superuser"), ("ALTER ROLE %LOGIN% BYPASSRLS", "bypass"),
            ("GRANT coffer_owner TO %LOGIN%", "coffer_owner"), ("GRANT coffer_tend TO %LOGIN%", "coffer_tend"),
            ("ALTER TABLE %RECORDS% NO FORCE ROW LEVEL SECURITY", "forced"),
            ("ALTER TABLE %RECORDS% DISABLE ROW LEVEL SECURITY", "forced"),
            ("ALTER TABLE %RECORDS% OWNER TO %LOGIN%", "coffer_owner"),
            ("DROP POLICY read_fence ON %RECORDS%", "read_fence"), ("CREATE POLICY open ON %RECORDS% USING (true)", "open"),
            ("ALTER POLICY read_own ON %RECORDS% USING (true)", "read_own"),
            ("GRANT SELECT ON %RECORDS% TO PUBLIC", "PUBLIC SELECT"),
            ("GRANT TRUNCATE ON %RECORDS% TO coffer_serve", "TRUNCATE"),
            ("GRANT SELECT (value) ON %RECORDS% TO PUBLIC", "a column"),
            ("ALTER FUNCTION %SCHEMA%.get SECURITY INVOKER", "get"), ("ALTER FUNCTION %SCHEMA%.put OWNER TO coffer_tend", "put"),
            ("ALTER FUNCTION %SCHEMA%.keys RESET ALL", "keys"), ("GRANT CREATE ON SCHEMA %SCHEMA% TO %LOGIN%", "schema"),
            ("CREATE FUNCTION %SCHEMA%.more() RETURNS int LANGUAGE sql AS 'SELECT 1'", "more"),
        ])
    func weakened(_ statement: String, _ word: String) async throws {
        let store = try OwnedStore()
        let storage = try await store.open()
        try await put(part(storage, of: "alice"), "k", [1])
        await storage.close()
        #expect(try await store.whyRefused() == nil)
        let changed = statement.replacingOccurrences(of: "%LOGIN%", with: "\"\(store.login)\"").replacingOccurrences(
            of: "%RECORDS%", with: store.records
        ).replacingOccurrences(of: "%SCHEMA%", with: store.tables.schema)
        try store.admin.execute(changed)
        let reason = try #require(try await store.whyRefused(), "started after: \(statement)")
        #expect(reason.contains(word), "\(reason)")
    }

    @Test("a role with a privilege that all stores share is noticed")
    func sharedRole() async throws {
        let store = try OwnedStore()
        try store.admin.execute("ALTER ROLE coffer_read BYPASSRLS")
        let reason = try await store.whyRefused()
        try store.setUp()
        #expect(reason?.contains("coffer_read") == true)
        #expect(try await store.whyRefused() == nil)
    }

    @Test("without the tables an older store serves all but the records of owners; with them it keeps what it had")
    func later() async throws {
        let store = try OwnedStore(isSetUp: false)
        var storage = try await store.open()
        try await put(storage, "sys/k", [1])
        let refusal = await #expect(throws: StorageError.self) { try await put(part(storage, of: "alice"), "k", [1]) }
        guard case .unavailable(let reason) = refusal else { return #expect(Bool(false), "\(String(describing: refusal))") }
        #expect(reason.contains("coffer operator owner-tables"))
        await storage.close()
        try store.setUp()
        storage = try await store.open()
        try await put(part(storage, of: "alice"), "k", [2])
        await storage.close()
        try store.setUp()
        storage = try await store.open()
        #expect(try await storage.get("sys/k")?.value == [1])
        #expect(try await part(storage, of: "alice").get("k")?.value == [2])
        await storage.close()
    }

    @Test("reads and listings of an owner use an index, and ask for the owner")
    func plans() async throws {
        let store = try OwnedStore()
        let storage = try await store.open()
        try store.admin.execute(
            """
            INSERT INTO \(store.records) SELECT convert_to('owner' || n % 20, 'UTF8'), convert_to('k' || n, 'UTF8'), '', '', 1, ''
            FROM generate_series(1, 5000) n
            """)
        try store.admin.execute("ANALYZE \(store.records)")
        try store.admin.execute("BEGIN")
        try store.admin.execute("SET LOCAL ROLE coffer_read")
        try store.admin.execute("SELECT set_config('coffer.owner', encode('owner1', 'hex'), true)")
        for statement in [
            "SELECT value FROM \(store.records) WHERE owner = 'owner1' AND head = 'k21' AND mark = ''",
            "SELECT head FROM \(store.records) WHERE owner = 'owner1' AND head >= 'k' ORDER BY head, tail LIMIT 50",
        ] {
            let plan = try store.admin.execute("EXPLAIN " + statement).compactMap { $0.first ?? nil }.joined(separator: "\n")
            #expect(plan.contains("Index") && !plan.contains("Seq Scan") && plan.contains("owner"), "\(plan)")
        }
        try store.admin.execute("ROLLBACK")
        await storage.close()
    }
}
