package import EngineKit
import Records
import Syntax

/// Failed logins by name, on record, so that a restart frees nobody.
///
/// Names that are no accounts count alike, or the lock would tell who is one. They lie in a fixed number of records of a
/// fixed size, so guessing names fills no disk: in a full record accounts push out names that are none, and newer ones
/// older.
package struct Lockouts: Sendable {
    /// Lower-case hex that only this mount can make of a name.
    package typealias Hash = @Sendable (_ name: String) async throws(StorageError) -> String

    package let rules: LockoutRules
    private let storage: any Storage
    private let hash: Hash
    private let time: any TimeSource
    private let lines = WriterQueues()

    package static let prefix = "lockout/"
    private static let entriesMax = 32

    package init(storage: any Storage, time: any TimeSource, rules: LockoutRules = LockoutRules(), hash: @escaping Hash) {
        self.storage = storage
        self.time = time
        self.rules = rules
        self.hash = hash
    }

    struct Entry: Sendable, Hashable {
        var name: String
        /// Where the failures came from, when they count by that too.
        var source: String
        var failures: Int
        var last: Timestamp
        var isAccount: Bool
    }

    /// Failures that still count; 0 when nothing is ever locked.
    package func failures(_ name: String, source: String = "") async throws(StorageError) -> Int {
        guard !rules.isDisabled else { return 0 }
        let bucket = try await bucket(name)
        return try await entries(bucket).entries.first { $0.name == name && $0.source == source }?.failures ?? 0
    }

    package func isLocked(_ name: String, source: String = "") async throws(StorageError) -> Bool {
        try await secondsLocked(name, source: source) != nil
    }

    /// How long a locked name stays so, rounded up; nil for one that is not locked.
    package func secondsLocked(_ name: String, source: String = "") async throws(StorageError) -> Int? {
        guard !rules.isDisabled else { return nil }
        let bucket = try await bucket(name)
        guard let entry = try await entries(bucket).entries.first(where: { $0.name == name && $0.source == source }),
            entry.failures >= rules.threshold
        else { return nil }
        return max(1, entry.last.adding(seconds: rules.duration).secondsRoundedUp(since: time.now()))
    }

    package func fail(_ name: String, source: String = "", isAccount: Bool) async throws {
        guard !rules.isDisabled else { return }
        try await change(name) { entries in
            let failures = entries.first { $0.name == name && $0.source == source }?.failures ?? 0
            // A locked name stays locked for as long as it would have been.
            guard failures < rules.threshold else { return }
            entries.removeAll { $0.name == name && $0.source == source }
            if entries.count >= Self.entriesMax {
                entries.sort { ($0.isAccount ? 1 : 0, $0.last) > ($1.isAccount ? 1 : 0, $1.last) }
                entries.removeLast(entries.count - Self.entriesMax + 1)
            }
            entries.append(
                Entry(name: name, source: source, failures: failures + 1, last: time.now(), isAccount: isAccount))
        }
    }

    /// After a good login. Writes only if there is something to forget.
    package func forget(_ name: String, source: String = "") async throws {
        guard try await failures(name, source: source) > 0 else { return }
        try await change(name) { entries in entries.removeAll { $0.name == name && $0.source == source } }
    }

    /// Wherever the failures came from, and even where the rules lock nobody any more.
    package func unlock(_ name: String) async throws {
        try await change(name) { entries in entries.removeAll { $0.name == name } }
    }

    /// Names that are locked now, in their order.
    package func locked() async throws(StorageError) -> [String] {
        guard !rules.isDisabled else { return [] }
        var names: Set<String> = []
        for bucket in try await storage.list(Listing(prefix: Self.prefix)) {
            for entry in try await entries(Self.prefix + bucket).entries where entry.failures >= rules.threshold {
                names.insert(entry.name)
            }
        }
        return names.sorted()
    }

    // MARK: Records

    /// One of 4096 records, so that nobody can aim at the record of another.
    private func bucket(_ name: String) async throws(StorageError) -> String {
        Self.prefix + String(try await hash(name).prefixUTF8(3))
    }

    private func change(_ name: String, _ body: (inout [Entry]) -> Void) async throws {
        let key = try await bucket(name)
        try await lines.inTurn(key) {
            try await storage.transact { batch throws(StorageError) in
                var (entries, precondition) = try await entries(key)
                body(&entries)
                if !entries.isEmpty {
                    batch.put(key, Self.encode(entries), if: precondition)
                } else if precondition != .absent {
                    batch.delete(key, if: precondition)
                }
            }
        }
    }

    /// Without those that no longer count.
    private func entries(_ key: String) async throws(StorageError) -> (entries: [Entry], precondition: Batch.Precondition) {
        guard let record = try await storage.get(key) else { return ([], .absent) }
        guard let rows = (try? JSON(parsing: record.value))?.arrayValue else { throw .corrupted(key: key) }
        let now = time.now()
        let entries = rows.compactMap(Entry.init(stored:))
        guard entries.count == rows.count else { throw .corrupted(key: key) }
        return (entries.filter { counts($0, at: now) }, .version(record.version))
    }

    private func counts(_ entry: Entry, at now: Timestamp) -> Bool {
        now < entry.last.adding(seconds: entry.failures >= rules.threshold ? rules.duration : rules.counterReset)
    }

    private static func encode(_ entries: [Entry]) -> [UInt8] { JSON.array(entries.map(\.stored)).encoded() }
}

extension Lockouts.Entry {
    var stored: JSON {
        [
            "name": .string(name), "source": .string(source), "failures": .int(failures), "last": .int(last.nanoseconds),
            "user": .bool(isAccount),
        ]
    }

    init?(stored: JSON) {
        guard let name = stored["name"]?.stringValue, let failures = stored["failures"]?.intValue,
            let last = stored["last"]?.intValue, let isAccount = stored["user"]?.boolValue
        else { return nil }
        self.init(
            name: name, source: stored["source"]?.stringValue ?? "", failures: failures,
            last: Timestamp(nanoseconds: Int64(last)), isAccount: isAccount)
    }
}
