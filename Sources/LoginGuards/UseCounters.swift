package import EngineKit
import Records
import Syntax

/// Counts the uses of something that may be used a limited number of times, in at most ``countersMax`` small records of one
/// folder.
///
/// A caller that can add counters has a share of the folder that it cannot exceed. A share is at most half of the share
/// that encloses it, so that no caller uses up the room of another.
package struct UseCounters: Sendable {
    /// One use that is about to be counted.
    package struct Use: Sendable, Hashable {
        /// The name of the counter, one segment of a key.
        package var counter: String
        /// The number of uses that may be counted.
        package var limit: Int
        /// The shares that the counter belongs to, from the widest to the narrowest, each one segment of a key.
        package var shares: [String]
        /// When the counter is no longer needed; nil for never.
        package var endsAt: Timestamp?

        /// Creates a use of a counter.
        package init(counter: String, limit: Int, shares: [String] = [], endsAt: Timestamp? = nil) {
            self.counter = counter
            self.limit = limit
            self.shares = shares
            self.endsAt = endsAt
        }
    }

    /// The bound on the counters of a folder.
    package static let countersMax = 1_000

    /// Returns how many counters a share may have that `count` others enclose.
    package static func countersMax(enclosedBy count: Int) -> Int {
        count == 0 ? countersMax : max(1, (countersMax / 2) >> min(count, 16))
    }

    /// How long a counter is kept after its end, so that a clock that is set back does not bring uses back.
    private static let graceSeconds = 86_400

    private let storage: any Storage
    /// The folder of the records, with its final `/`.
    private let folder: String
    private let time: any TimeSource

    /// Creates counters in a folder that ends with `/`.
    package init(storage: any Storage, folder: String, time: any TimeSource) {
        self.storage = storage
        self.folder = folder
        self.time = time
    }

    /// Counts a use. The count is stored when this returns.
    ///
    /// - Parameter preparing: Adds further preconditions and changes to the batch. Returns false if the use is not possible
    ///   at all.
    /// - Returns: False if no use is left, or if there is no room for another counter.
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
        // Counters from before there were shares stay where they are, so that their uses still count.
        let former = folder + use.counter
        guard former != key, let record = try await storage.get(former) else { return (key, nil) }
        return (former, record)
    }

    private func place(_ shares: ArraySlice<String>) -> String { shares.reduce(folder) { $0 + $1 + "/" } }

    /// Whether there is room in every share that the counter belongs to.
    private func hasRoom(_ use: Use) async throws(StorageError) -> Bool {
        for count in use.shares.indices.reversed() {
            let isFree = try await hasRoom(place(use.shares[...count]), Self.countersMax(enclosedBy: count))
            guard isFree else { return false }
        }
        return try await hasRoom(folder, Self.countersMax)
    }

    /// Whether there is room for another counter. Deletes counters that have ended to make room.
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

/// The record of a counter: its uses and, if it ends, the time in seconds since 1970, such as `3 1900000000`.
private struct Spent {
    var count: Int
    var endsAt: Timestamp?

    /// Adds a use. The later of the two ends applies, so that the counter exists until the end of the last use that it
    /// counts.
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
