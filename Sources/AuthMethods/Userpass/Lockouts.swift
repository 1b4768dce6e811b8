import EngineKit
import Syntax

/// Failed logins by name, on record, so that a restart frees nobody.
///
/// Names that are no users count alike, or the lock would tell who is one. They lie in a fixed number of records of a
/// fixed size, so guessing names fills no disk: in a full record users push out names that are none, and newer ones
/// older. Filling them all takes longer than a failure is remembered, because each entry costs a password hash.
struct Lockouts: Sendable {
    let storage: any Storage
    let key: MountKey
    let time: any TimeSource
    let rules: LockoutRules
    private let lines = WriterLines()

    static let prefix = "lockout/"
    private static let entriesMax = 32
    private static let attemptsMax = 16

    init(storage: any Storage, key: MountKey, time: any TimeSource, rules: LockoutRules = LockoutRules()) {
        self.storage = storage
        self.key = key
        self.time = time
        self.rules = rules
    }

    struct Entry: Sendable, Hashable {
        var name: String
        var failures: Int
        var last: Timestamp
        var isUser: Bool
    }

    /// Failures that still count.
    func failures(_ name: String) async throws(StorageError) -> Int {
        let bucket = try await bucket(name)
        return try await entries(bucket).entries.first { $0.name == name }?.failures ?? 0
    }

    func fail(_ name: String, isUser: Bool) async throws {
        try await change(name) { entries in
            let failures = entries.first { $0.name == name }?.failures ?? 0
            // A locked name stays locked for as long as it would have been.
            guard failures < rules.failuresMax else { return }
            entries.removeAll { $0.name == name }
            if entries.count >= Self.entriesMax {
                entries.sort { ($0.isUser ? 1 : 0, $0.last) > ($1.isUser ? 1 : 0, $1.last) }
                entries.removeLast(entries.count - Self.entriesMax + 1)
            }
            entries.append(Entry(name: name, failures: failures + 1, last: time.now(), isUser: isUser))
        }
    }

    /// Writes only if there is something to forget.
    func forget(_ name: String) async throws {
        guard try await failures(name) > 0 else { return }
        try await change(name) { entries in entries.removeAll { $0.name == name } }
    }

    /// Names that are locked now.
    func locked() async throws(StorageError) -> [String] {
        var names: [String] = []
        for bucket in try await storage.list(Listing(prefix: Self.prefix)) {
            names += try await entries(Self.prefix + bucket).entries.filter { $0.failures >= rules.failuresMax }.map(\.name)
        }
        return names.sorted()
    }

    // MARK: Records

    /// One of 4096 records, by the mount's key, so that nobody can aim at the record of another.
    private func bucket(_ name: String) async throws(StorageError) -> String {
        Self.prefix + String(try await key.hash("lockout/v1", name).prefix(3))
    }

    private func change(_ name: String, _ body: (inout [Entry]) -> Void) async throws {
        let key = try await bucket(name)
        try await lines.inTurn(key) {
            for _ in 0..<Self.attemptsMax {
                var (entries, precondition) = try await entries(key)
                body(&entries)
                var batch = Batch()
                if !entries.isEmpty {
                    batch.put(key, Self.encode(entries), if: precondition)
                } else if precondition != .absent {
                    batch.delete(key, if: precondition)
                }
                if batch.isEmpty { return }
                if try await storage.commitIfUnchanged(batch) { return }
            }
            throw CofferError(.conflict, "too many logins at the same moment; retry")
        }
    }

    /// Without those that no longer count.
    private func entries(_ key: String) async throws(StorageError) -> (entries: [Entry], precondition: Batch.Precondition) {
        guard let record = try await storage.get(key) else { return ([], .absent) }
        guard let rows = (try? JSON(parsing: record.value))?.arrayValue else { throw .corrupted(key: key) }
        let now = time.now()
        let entries = rows.compactMap(Entry.init(stored:))
        guard entries.count == rows.count else { throw .corrupted(key: key) }
        return (entries.filter { now < $0.last.adding(seconds: rules.seconds) }, .version(record.version))
    }

    private static func encode(_ entries: [Entry]) -> [UInt8] { JSON.array(entries.map(\.stored)).encoded() }
}

extension Lockouts.Entry {
    var stored: JSON {
        ["name": .string(name), "failures": .int(failures), "last": .int(last.nanoseconds), "user": .bool(isUser)]
    }

    init?(stored: JSON) {
        guard let name = stored["name"]?.stringValue, let failures = stored["failures"]?.intValue,
            let last = stored["last"]?.intValue, let isUser = stored["user"]?.boolValue
        else { return nil }
        self.init(name: name, failures: failures, last: Timestamp(nanoseconds: Int64(last)), isUser: isUser)
    }
}
