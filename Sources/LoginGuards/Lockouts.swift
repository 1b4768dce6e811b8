package import EngineKit
import Records
import Syntax

/// Counts failed logins by name, and locks a name with too many of them. The counts are stored, so that a restart does not
/// unlock a name.
///
/// Names without an account are counted, too; otherwise, a lock would show which names have one. The counts are in a fixed
/// number of records of bounded size, so that guessing names does not fill the disk: in a full record, accounts displace
/// names without one, and newer entries displace older ones.
package struct Lockouts: Sendable {
    /// Returns the keyed hash of a name in lower-case hex, which only this mount can compute.
    package typealias Hash = @Sendable (_ name: String) async throws(StorageError) -> String

    /// When a name is locked, and for how long.
    package let rules: LockoutRules
    private let storage: any Storage
    private let hash: Hash
    private let time: any TimeSource
    private let lines = WriterQueues()

    /// The folder of the records.
    package static let prefix = "lockout/"
    private static let entriesMax = 32

    /// Creates the lockouts of a mount.
    package init(storage: any Storage, time: any TimeSource, rules: LockoutRules = LockoutRules(), hash: @escaping Hash) {
        self.storage = storage
        self.time = time
        self.rules = rules
        self.hash = hash
    }

    struct Entry: Sendable, Hashable {
        var name: String
        /// Where the failures came from, if they are counted by source as well; empty otherwise.
        var source: String
        var failures: Int
        var last: Timestamp
        var isAccount: Bool
    }

    /// Returns the number of failures that still count, or 0 if the rules never lock a name.
    package func failures(_ name: String, source: String = "") async throws(StorageError) -> Int {
        guard !rules.isDisabled else { return 0 }
        let bucket = try await bucket(name)
        return try await entries(bucket).entries.first { $0.name == name && $0.source == source }?.failures ?? 0
    }

    /// Whether the name is locked now.
    package func isLocked(_ name: String, source: String = "") async throws(StorageError) -> Bool {
        try await secondsLocked(name, source: source) != nil
    }

    /// Returns for how many seconds the name stays locked, rounded up, or nil if it is not locked.
    package func secondsLocked(_ name: String, source: String = "") async throws(StorageError) -> Int? {
        guard !rules.isDisabled else { return nil }
        let bucket = try await bucket(name)
        guard let entry = try await entries(bucket).entries.first(where: { $0.name == name && $0.source == source }),
            entry.failures >= rules.threshold
        else { return nil }
        return max(1, entry.last.adding(seconds: rules.duration).secondsRoundedUp(since: time.now()))
    }

    /// Counts a failed login. `isAccount` says whether an account of this name exists.
    package func fail(_ name: String, source: String = "", isAccount: Bool) async throws {
        guard !rules.isDisabled else { return }
        try await change(name) { entries in
            let failures = entries.first { $0.name == name && $0.source == source }?.failures ?? 0
            // A failed login does not extend an existing lock.
            guard failures < rules.threshold else { return }
            entries.removeAll { $0.name == name && $0.source == source }
            if entries.count >= Self.entriesMax {
                let rank = { (entry: Entry) in (entry.isAccount ? 1 : 0, entry.last) }
                entries.sort { rank($0) > rank($1) }
                entries.removeLast(entries.count - Self.entriesMax + 1)
            }
            entries.append(
                Entry(name: name, source: source, failures: failures + 1, last: time.now(), isAccount: isAccount))
        }
    }

    /// Forgets the failures of a name, after a successful login. Writes only if there are any.
    package func forget(_ name: String, source: String = "") async throws {
        guard try await failures(name, source: source) > 0 else { return }
        try await change(name) { entries in entries.removeAll { $0.name == name && $0.source == source } }
    }

    /// Unlocks a name for all sources, even if the rules no longer lock names.
    package func unlock(_ name: String) async throws {
        try await change(name) { entries in entries.removeAll { $0.name == name } }
    }

    /// Returns the names that are locked now, sorted.
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

    /// Returns the key of one of 4096 records. The hash is keyed, so nobody can choose names that share a record with
    /// another's.
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

    /// Reads a record and leaves out entries that no longer count.
    private func entries(_ key: String) async throws(StorageError) -> (entries: [Entry], precondition: Batch.Precondition) {
        guard let record = try await storage.get(key) else { return ([], .absent) }
        guard let entries = (try? JSON(parsing: record.value)).flatMap(Self.kind.read) else { throw .corrupted(key: key) }
        let now = time.now()
        return (entries.filter { counts($0, at: now) }, .version(record.version))
    }

    private func counts(_ entry: Entry, at now: Timestamp) -> Bool {
        now < entry.last.adding(seconds: entry.failures >= rules.threshold ? rules.duration : rules.counterReset)
    }

    private static let kind = SettingKind<[Entry]>.list()

    private static func encode(_ entries: [Entry]) -> [UInt8] { kind.stored(entries)?.encoded() ?? [] }
}

extension Lockouts.Entry: SettingsRecord {
    static let settings = Settings(
        new: Lockouts.Entry(name: "", source: "", failures: 0, last: Timestamp(seconds: 0), isAccount: false),
        required: ["name", "failures", "last", "user"],
        .kept("name", \.name, as: .text), .kept("source", \.source, as: .text), .kept("failures", \.failures, as: .integer),
        .kept("last", \.last, as: .nanoseconds), .kept("user", \.isAccount, as: .flag))
}
