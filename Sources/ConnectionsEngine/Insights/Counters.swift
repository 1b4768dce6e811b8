import EngineKit
import Records
import Syntax
import Synchronization

/// Counts events by day and platform. Counts are gathered in memory and added to the stored counters every few seconds, so that
/// counting a refresh costs no write. A crash loses the counts of the last few seconds.
final class Counters: Sendable {
    /// What is counted.
    enum Kind: String, Sendable, CaseIterable { case stored, disconnected, refreshed, failed, deleted }

    private struct Key: Hashable {
        var day: Int
        var kind: Kind
        var platform: String
        /// The reason of a failure or disconnection; empty otherwise.
        var code: String
    }

    private let storage: any Storage
    private let counts = Mutex<[Key: Int]>([:])
    private static let keysMax = 10_000
    /// How many days of counters are kept.
    static let daysKept = 400

    /// The platforms that have a profile and are counted separately.
    private let platforms: Set<String>
    /// The name under which all platforms without a profile are counted, since their names are made up by callers.
    static let unlisted = "unlisted"

    /// Creates empty counts.
    ///
    /// - Parameter platforms: The platforms that have a profile.
    init(storage: any Storage, platforms: [String]) {
        self.storage = storage
        self.platforms = Set(platforms)
    }

    /// The number of the day since 1970, in UTC.
    static func day(_ time: Timestamp) -> Int { time.seconds / 86_400 }

    /// Counts one event.
    ///
    /// - Parameter code: Why something failed, as a fixed word.
    func count(_ kind: Kind, _ platform: String, code: String = "", at time: Timestamp) {
        let name = platforms.contains(platform) ? platform : Self.unlisted
        let key = Key(day: Self.day(time), kind: kind, platform: name, code: code)
        counts.withLock { counts in
            if counts.count < Self.keysMax || counts[key] != nil { counts[key, default: 0] += 1 }
        }
    }

    /// Returns the key of a day's counters.
    private static func key(_ day: Int) -> String { "counter/" + ConnectionStore.Key.bucket(day) }

    /// Adds the gathered counts to the stored counters, to which all nodes add, and deletes counters that are too old.
    func flush(today: Int) async throws {
        let taken = counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
        guard !taken.isEmpty else { return }
        var left = taken
        defer { counts.withLock { counts in counts.merge(left) { $0 + $1 } } }
        for (day, entries) in Dictionary(grouping: taken, by: \.key.day) {
            try await add(day, entries.map { ("\($0.key.kind.rawValue)|\($0.key.platform)|\($0.key.code)", $0.value) })
            for entry in entries { left[entry.key] = nil }
        }
        try await dropOld(today: today)
    }

    private func add(_ day: Int, _ entries: [(String, Int)]) async throws {
        let storedKey = Self.key(day)
        try await storage.transact { batch throws(StorageError) in
            let record = try await storage.get(storedKey)
            var object = record.flatMap { (try? JSON(parsing: $0.value))?.objectValue } ?? JSONObject()
            var sums = Dictionary(object.members.map { ($0.key, $0.value.intValue ?? 0) }, uniquingKeysWith: +)
            for (key, count) in entries where sums[key] != nil || sums.count < Self.keysMax { sums[key, default: 0] += count }
            object = JSONObject(sorting: sums) { .int($0) }
            batch.put(storedKey, object.encoded(), if: .init(unchanged: record))
        }
    }

    private func dropOld(today: Int) async throws {
        let names = try await storage.list(Listing(prefix: "counter/", limit: 10))
        var batch = Batch()
        for name in names where Int(name).map({ $0 < today - Self.daysKept }) == true { batch.delete("counter/\(name)") }
        if !batch.isEmpty { try await storage.commit(batch) }
    }

    /// Returns the sums of a range of days, both ends included.
    func sums(from: Int, to: Int) async throws -> [(kind: Kind, platform: String, code: String, count: Int)] {
        var sums: [String: Int] = [:]
        for day in max(from, to - Self.daysKept)...max(to, from) {
            guard let record = try await storage.get(Self.key(day)) else { continue }
            for member in (try? JSON(parsing: record.value))?.objectValue ?? .init() {
                sums[member.key, default: 0] += member.value.intValue ?? 0
            }
        }
        return sums.sorted { $0.key < $1.key }.compactMap { key, count in
            let parts = key.splitUTF8(at: "|", omittingEmpty: false).map(String.init)
            guard parts.count == 3, let kind = Kind(rawValue: parts[0]) else { return nil }
            return (kind, parts[1], parts[2], count)
        }
    }
}
