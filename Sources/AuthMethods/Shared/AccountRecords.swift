import EngineKit
import Synchronization
import Syntax

/// A role or user as a record.
protocol StoredAccount: Sendable {
    var stored: JSONObject { get }
    init?(stored: JSONObject)
}

/// The roles or users of a mount by name, changed by compare-and-swap. What is read often stays parsed.
final class AccountRecords<Account: StoredAccount>: Sendable {
    let storage: any Storage
    /// `role/`.
    let prefix: String
    private let lines = WriterLines()
    private let parsed = Mutex<[String: Found]>([:])

    struct Found: Sendable {
        var account: Account
        var version: UInt64
    }

    private static var parsedMax: Int { 1_024 }
    private static var attemptsMax: Int { 16 }

    init(storage: any Storage, prefix: String) {
        self.storage = storage
        self.prefix = prefix
    }

    /// The version tells whether the parsed form is still what is stored, so nothing stale is ever given.
    func find(_ name: String) async throws(StorageError) -> Found? {
        let key = prefix + name
        guard let record = try await storage.get(key) else { return nil }
        if let found = parsed.withLock({ $0[name] }), found.version == record.version { return found }
        guard let object = (try? JSON(parsing: record.value))?.objectValue, let account = Account(stored: object) else {
            throw .corrupted(key: key)
        }
        let found = Found(account: account, version: record.version)
        parsed.withLock { parsed in
            if parsed.count >= Self.parsedMax { parsed.removeAll() }
            parsed[name] = found
        }
        return found
    }

    /// Decides on what is there and commits in one batch; decides again when it changed meanwhile.
    ///
    /// `decide` gets nil for an account that is not there, sets it to nil to delete it, and may add to the batch.
    func edit(_ name: String, _ decide: (inout Account?, inout Batch) async throws -> Void) async throws {
        try await lines.inTurn(name) {
            for _ in 0..<Self.attemptsMax {
                let found = try await find(name)
                var account = found?.account
                var batch = Batch()
                try await decide(&account, &batch)
                let unchanged: Batch.Precondition = found.map { .version($0.version) } ?? .absent
                if let account {
                    batch.put(prefix + name, JSON.object(account.stored).encoded(), if: unchanged)
                } else if found != nil {
                    batch.delete(prefix + name, if: unchanged)
                }
                if batch.isEmpty { return }
                if try await storage.commitIfUnchanged(batch) { return }
            }
            throw CofferError(.conflict, "the record is changing too often; retry")
        }
    }

    /// One page of names.
    func names(_ request: Request) async throws -> [String] {
        try await storage.list(Listing(prefix: prefix, Paging(request.fields)))
    }
}
