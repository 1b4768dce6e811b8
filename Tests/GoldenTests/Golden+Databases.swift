@testable import DatabaseEngine
import EngineKit
import Records
import StoreKit
import Syntax

extension Golden {
    static let ofDatabases: [Golden] =
        ["database-configuration", "database-configuration-bare"].map { of($0, DatabaseConfiguration.self) }
        + ["database-static-role", "database-static-role-scheduled"].map { of($0, StaticRole.self) }
        + [of("database-role", Role.self), of("database-intent", UserIntent.self), of("database-lease", LeasedUser.self)]

    private static func of<Value: Record>(_ name: String, _ type: Value.Type) -> Golden {
        Golden(name) { bytes in
            let read = RecordTable<Value>(storage: try await MemoryStorage.holding(["r/a": bytes]), prefix: "r/")
            let value = try required(await read.find("a")).value
            let storage = MemoryStorage()
            var batch = Batch()
            RecordTable<Value>(storage: storage, prefix: "r/").put("a", value, into: &batch)
            try await storage.commit(batch)
            return try await storage.bytes("r/a")
        }
    }
}
