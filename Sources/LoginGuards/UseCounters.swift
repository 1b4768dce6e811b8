package import EngineKit
import Records
import Syntax

/// How often things that may be used so many times were used: small records in one folder, never more than ``countersMax``.
///
/// Whoever may add counters of its own has a share that it cannot pass, at most half of what lies above it, so that nobody
/// takes the room of those beside it.
package struct UseCounters: Sendable {
    /// One use that is about to be made.
    package struct Use: Sendable, Hashable {
        /// One segment of a key.
        package var counter: String
        package var limit: Int
        /// Whose share it is counted in, from the widest to the narrowest; each one segment of a key.
        package var shares: [String]
        /// From then on nothing is counted under this name; nil for never.
        package var endsAt: Timestamp?

        package init(counter: String, limit: Int, shares: [String] = [], endsAt: Timestamp? = nil) {
            self.counter = counter
            self.limit = limit
            self.shares = shares
            self.endsAt = endsAt
        }
    }

    package static let countersMax = 1_000

    /// Counters in a share that so many others enclose.
    package static func countersMax(enclosedBy count: Int) -> Int {
        count == 0 ? countersMax : max(1, (countersMax / 2) >> min(count, 16))
    }

    /// A clock that was set back does not bring back what has just ended.
    private static let graceSeconds = 86_400

    private let storage: any Storage
    /// Ends with `/`.
    private let folder: String
    private let time: any TimeSource

    package init(storage: any Storage, folder: String, time: any TimeSource) {
        self.storage = storage
        self.folder = folder
        self.time = time
    }

    /// False when no use is left, or no room for another counter. On disk when it returns.
    ///
    /// - Parameter preparing: Adds what must hold or change besides, and says false when the use cannot be made at all.
    package func spend(
        _ use: Use,
        preparing: (_ isNew: Bool, inout Batch) async throws(StorageError) -> Bool = { _, _ throws(StorageError) in true }
    ) async throws(StorageError) -> Bool {
        try await storage.transact { batch throws(StorageError) in
            let (key, record) = try await record(of: use)
            let spent = try record.map { record throws(StorageError) in
                guard let spent = Spent(record.value) else { throw .corrupted(key: key) }
                return spent
            }
            guard spent?.count ?? 0 < use.limit else { return false }
            if record == nil { guard try await hasRoom(use) else { return false } }
            guard try await preparing(record == nil, &batch) else {
                batch = Batch()
                return false
            }
            batch.put(key, Spent(spent, and: use).encoded, if: .init(unchanged: record))
            return true
        }
    }

    private func record(of use: Use) async throws(StorageError) -> (key: String, record: StoredRecord?) {
        let key = place(use.shares[...]) + use.counter
        if let record = try await storage.get(key) { return (key, record) }
        // Counters made before there were shares stay where they are: no use comes back.
        let former = folder + use.counter
        guard former != key, let record = try await storage.get(former) else { return (key, nil) }
        return (former, record)
    }

    private func place(_ shares: ArraySlice<String>) -> String { shares.reduce(folder) { $0 + $1 + "/" } }

    /// Whether there is room in every share that the use is counted in.
    private func hasRoom(_ use: Use) async throws(StorageError) -> Bool {
        for count in use.shares.indices.reversed() {
            let isFree = try await hasRoom(place(use.shares[...count]), Self.countersMax(enclosedBy: count))
            guard isFree else { return false }
        }
        return try await hasRoom(folder, Self.countersMax)
    }

    /// Counters that have ended make room for others.
    private func hasRoom(_ place: String, _ limit: Int) async throws(StorageError) -> Bool {
        let names = try await storage.list(Listing(prefix: place, limit: limit, isRecursive: true))
        guard names.count >= limit else { return true }
        var ended = Batch()
        for name in names {
            guard let record = try await storage.get(place + name), let endsAt = Spent(record.value)?.endsAt,
                endsAt.adding(seconds: Self.graceSeconds) < time.now()
            else { continue }
            ended.delete(place + name, if: .version(record.version))
        }
        guard !ended.isEmpty else { return false }
        return try await storage.commitIfUnchanged(ended)
    }
}

/// `3` or, when the counter ends, `3 1900000000`: uses, and seconds since 1970.
private struct Spent {
    var count: Int
    var endsAt: Timestamp?

    /// The later end counts, so that nobody can make a counter end before the last that is counted by it.
    init(_ earlier: Spent?, and use: UseCounters.Use) {
        count = (earlier?.count ?? 0) + 1
        endsAt = use.endsAt
        if let earlier { endsAt = earlier.endsAt.flatMap { end in use.endsAt.map { max($0, end) } } }
    }

    init?(_ bytes: [UInt8]) {
        let parts = String(decoding: bytes, as: UTF8.self).splitUTF8(at: " ", omittingEmpty: false)
        guard (1...2).contains(parts.count), let count = Int(parts[0]), (1..<1 << 53).contains(count) else { return nil }
        self.count = count
        guard parts.count == 2 else { return }
        guard let seconds = Int(parts[1]), seconds > 0 else { return nil }
        endsAt = Timestamp(nanoseconds: 0).adding(seconds: seconds)
    }

    var encoded: [UInt8] { Array((endsAt.map { "\(count) \($0.seconds)" } ?? "\(count)").utf8) }
}
