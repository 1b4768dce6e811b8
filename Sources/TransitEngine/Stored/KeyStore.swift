import EngineKit
import Records
import SecretMemory
import Synchronization
import Syntax

/// The keys of one mount: opened once, kept while they are used, changed one change after the other.
///
/// A change is on disk before anybody uses it, so what was encrypted opens after a crash.
final class KeyStore: Sendable {
    let time: any TimeSource
    let randomness: any Randomness
    let storage: any Storage
    let lines = WriterQueues()
    private let cache: Mutex<KeyCache>
    /// Counts what other nodes changed, so that what was read or written before is not put back.
    private let changes = Atomic<Int>(0)

    static let prefix = "key/"
    /// Beside each key that rotates by itself: its name, so that the job reads no other.
    static let rotatingPrefix = "rotating/"

    init(storage: any Storage, time: any TimeSource, randomness: any Randomness, cacheWeightMax: Int = 50_000) {
        self.storage = storage
        self.time = time
        self.randomness = randomness
        cache = Mutex(KeyCache(weightMax: cacheWeightMax))
    }

    /// The key as the newest commit left it; nil when there is none.
    func key(_ name: String) async throws -> TransitKey? {
        if let key = cache.withLock({ $0.key(name) }) { return key }
        try KeyName.check(name)
        try await applyStoredLimit()
        // Loading waits for writers, so that an older reading never takes the place of a newer one.
        return try await lines.inTurn(name) {
            if let key = cache.withLock({ $0.key(name) }) { return key }
            let before = changes.load(ordering: .acquiring)
            let key = try await read(name).key
            if let key { keep(key, readAt: before) }
            return key
        }
    }

    /// Only when no other node has changed anything meanwhile.
    private func keep(_ key: TransitKey, readAt count: Int) {
        cache.withLock { cache in
            if changes.load(ordering: .acquiring) == count { cache.put(key) } else { cache.remove(key.name) }
        }
    }

    func drop(_ change: StorageChange) {
        switch change {
        case .keys(let keys):
            let names = keys.filter { $0.hasUTF8Prefix(Self.prefix) }.map { String($0.dropFirstUTF8(Self.prefix.utf8.count)) }
            guard !names.isEmpty else { return }
            cache.withLock { cache in
                changes.add(1, ordering: .acquiringAndReleasing)
                for name in names { cache.remove(name) }
            }
        case .everything:
            cache.withLock { cache in
                changes.add(1, ordering: .acquiringAndReleasing)
                cache.removeAll()
            }
        }
    }

    func existing(_ name: String) async throws -> TransitKey {
        guard let key = try await key(name) else { throw CofferError.notFound }
        return key
    }

    func names(_ paging: Paging) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: Self.prefix, paging))
    }

    func names() async throws -> [String] {
        var names: [String] = []
        while true {
            let page = try await storage.list(Listing(prefix: Self.prefix, after: names.last))
            names += page
            guard names.count <= Self.namesMax else { throw CofferError.invalid("there are too many keys to list") }
            if page.count < StorageLimits.pageMax { return names }
        }
    }

    func limitCache(to count: Int) { cache.withLock { $0.limit(to: count) } }

    /// Brings the limit that was stored into force before the first key is kept. Later calls read nothing.
    private func applyStoredLimit() async throws {
        guard !cache.withLock({ $0.isLimited }) else { return }
        let size = try await mountSettings().cacheSize
        // Whoever has set another meanwhile knows better.
        cache.withLock { if !$0.isLimited { $0.limit(to: size) } }
    }

    private static let namesMax = 100_000

    /// Decides on what is there and commits what becomes of it; decides again when another writer was quicker. nil deletes.
    ///
    /// - Parameters:
    ///   - overDamaged: Takes a record that cannot be read for none, so that a good one can replace it.
    ///   - decide: Returns the key it was given to leave everything as it is.
    @discardableResult
    func edit(_ name: String, overDamaged: Bool = false, _ decide: (TransitKey?) async throws -> TransitKey?) async throws
        -> TransitKey?
    {
        try KeyName.check(name)
        try await applyStoredLimit()
        return try await lines.inTurn(name) {
            var before = 0
            let new: TransitKey?
            var isChanged = false
            // The batch that holds it too is gone whenever it is wiped.
            var record: [UInt8] = []
            defer { zero(&record) }
            do {
                new = try await storage.transact { batch in
                    let (old, stored) = try await read(name, overDamaged: overDamaged)
                    let new = try await decide(old)
                    isChanged = old !== new
                    before = changes.load(ordering: .acquiring)
                    guard isChanged else { return new }
                    zero(&record)
                    record = new?.encoded() ?? []
                    if new != nil {
                        batch.put(Self.prefix + name, record, if: .init(unchanged: stored))
                    } else {
                        batch.delete(Self.prefix + name, if: .init(unchanged: stored))
                    }
                    noteRotation(of: name, from: old, to: new, in: &batch)
                    return new
                }
            } catch {
                // It may or may not have been written.
                if isChanged { cache.withLock { $0.remove(name) } }
                throw error
            }
            guard isChanged else { return new }
            if let new { keep(new, readAt: before) } else { cache.withLock { $0.remove(name) } }
            return new
        }
    }

    private func noteRotation(of name: String, from old: TransitKey?, to new: TransitKey?, in batch: inout Batch) {
        let (rotated, rotates) = (old?.nextRotation != nil, new?.nextRotation != nil)
        if rotates, !rotated { batch.put(Self.rotatingPrefix + name, []) }
        if rotated, !rotates { batch.delete(Self.rotatingPrefix + name) }
    }

    private func read(_ name: String, overDamaged: Bool = false) async throws -> (key: TransitKey?, record: StoredRecord?) {
        guard var record = try await storage.get(Self.prefix + name) else { return (nil, nil) }
        guard let key = TransitKey(name: name, decoding: record.value) else {
            if overDamaged { return (nil, record) }
            throw StorageError.corrupted(key: Self.prefix + name)
        }
        zero(&record.value)
        return (key, record)
    }
}
