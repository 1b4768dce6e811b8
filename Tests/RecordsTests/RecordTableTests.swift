import EngineKit
import Records
import Syntax
import TestSupport
import Testing

@Suite("Tables of records")
struct RecordTableTests {
    struct Role: Record, Hashable {
        var uses = 0

        init(uses: Int) { self.uses = uses }

        var stored: JSONObject { ["uses": .int(uses)] }

        init?(stored: JSONObject) {
            guard let uses = stored["uses"]?.intValue else { return nil }
            self.uses = uses
        }
    }

    let storage = StampingStorage(MemoryStorage())

    private func table(parsedMax: Int = 0) -> RecordTable<Role> {
        RecordTable(storage: storage, prefix: "role/", parsedMax: parsedMax)
    }

    @Test("a record is made, changed and deleted under its name", arguments: [0, 1, 8])
    func edit(parsedMax: Int) async throws {
        let table = table(parsedMax: parsedMax)
        try await table.edit("a") { role, _ in
            #expect(role == nil)
            role = Role(uses: 1)
        }
        try await table.edit("b") { role, _ in role = Role(uses: 5) }
        #expect(try await table.find("a")?.value == Role(uses: 1))
        try await table.edit("a") { role, _ in role?.uses += 1 }
        #expect(try await table.find("a")?.value == Role(uses: 2))
        #expect(try await table.names(Paging(after: nil, limit: 10)) == ["a", "b"])
        #expect(try await table.names(Paging(after: "a", limit: 10)) == ["b"])
        try await table.edit("a") { role, _ in role = nil }
        #expect(try await table.find("a") == nil)
        #expect(try await storage.get("role/a") == nil)
    }

    @Test("nothing is written where there was nothing and is nothing")
    func absent() async throws {
        try await table().edit("a") { role, _ in role = nil }
        #expect(try await storage.list(Listing(prefix: "")) == [])
    }

    @Test("a parsed record is never older than the stored one")
    func stale() async throws {
        let (here, there) = (table(parsedMax: 8), table(parsedMax: 8))
        try await here.edit("a") { role, _ in role = Role(uses: 1) }
        #expect(try await here.find("a")?.value.uses == 1)
        try await there.edit("a") { role, _ in role?.uses = 9 }
        #expect(try await here.find("a")?.value.uses == 9)
    }

    @Test("writers of one record at the same moment take turns, and each change is made")
    func concurrent() async throws {
        let table = table(parsedMax: 4)
        try await table.edit("a") { role, _ in role = Role(uses: 0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { try await table.edit("a") { role, _ in role?.uses += 1 } } }
            try await group.waitForAll()
        }
        #expect(try await table.find("a")?.value.uses == 200)
    }

    @Test("what is added to the batch is committed with the record or not at all")
    func together() async throws {
        await #expect(throws: CofferError.self) {
            try await table().edit("a") { role, batch in
                role = Role(uses: 1)
                batch.put("beside", [])
                throw CofferError.notFound
            }
        }
        #expect(try await storage.get("beside") == nil)
        try await table().edit("a") { role, batch in
            role = Role(uses: 1)
            batch.put("beside", [])
        }
        #expect(try await storage.get("beside") != nil)
    }

    @Test("a record that cannot be read is an error that names it", arguments: ["", "{}", "[1]", "{\"uses\":\"x\"}", "\u{0}"])
    func damaged(text: String) async throws {
        var batch = Batch()
        batch.put("role/a", Array(text.utf8))
        try await storage.commit(batch)
        await #expect(throws: StorageError.corrupted(key: "role/a")) { _ = try await table().find("a") }
        await #expect(throws: StorageError.corrupted(key: "role/a")) { try await table().edit("a") { role, _ in role = nil } }
    }
}
