import EngineKit
import Records
import SecretMemory
import Synchronization
import Syntax

/// The keys of a mount. They are parsed once and cached, and changes are made one after another.
///
/// A change is stored before it is used, so that everything that was encrypted can be decrypted after a crash.
final class KeyStore: Sendable {
    let time: any TimeSource
    let randomness: any Randomness
    let storage: any Storage
    let lines = WriterQueues()
    private let cache: Mutex<KeyCache>
    /// The number of changes by other nodes. A key that was read or written before such a change is not cached after it.
    private let changes = Atomic<Int>(0)

    static let prefix = "key/"
    /// The prefix of the empty records that mark keys with automatic rotation, so that the job reads no other keys.
    static let rotatingPrefix = "rotating/"

    init(storage: any Storage, time: any TimeSource, randomness: any Randomness, cacheWeightMax: Int = 50_000) {
        self.storage = storage
        self.time = time
        self.randomness = randomness
        cache = Mutex(KeyCache(weightMax: cacheWeightMax))
    }

    /// Returns the latest state of a key, or nil if it does not exist.
    func key(_ name: String) async throws -> TransitKey? {
        if let key = cache.withLock({ $0.key(name) }) { return key }
        try KeyName.check(name)
        try await applyStoredLimit()
        // Loading waits for writers, so that an older state never replaces a newer one in the cache.
        return try await lines.inTurn(name) {
            if let key = cache.withLock({ $0.key(name) }) { return key }
            let before = changes.load(ordering: .acquiring)
            let key = try await read(name).key
            if let key { keep(key, readAt: before) }
            return key
        }
    }

    /// Caches a key, unless another node has made a change since `count` was read.
    private func keep(_ key: TransitKey, readAt count: Int) {
        cache.withLock { cache in
            if changes.load(ordering: .acquiring) == count { cache.put(key) } else { cache.remove(key.name) }
        }
    }

    /// Removes the keys from the cache that another node has changed.
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

    /// Returns a key, or the error `notFound` if it does not exist.
    func existing(_ name: String) async throws -> TransitKey {
        guard let key = try await key(name) else { throw CofferError.notFound }
        return key
    }

    /// Returns a page of the names of keys.
    func names(_ paging: Paging) async throws(StorageError) -> [String] {
        try await storage.list(Listing(prefix: Self.prefix, paging))
    }

    /// Bounds the number of cached keys; 0 is no bound.
    func limitCache(to count: Int) { cache.withLock { $0.limit(to: count) } }

    /// Applies the stored limit of the cache before the first key is cached. Later calls read nothing.
    private func applyStoredLimit() async throws {
        guard !cache.withLock({ $0.isLimited }) else { return }
        let size = try await mountSettings().cacheSize
        // A limit that was set since is newer.
        cache.withLock { if !$0.isLimited { $0.limit(to: size) } }
    }

    /// Changes a key and returns its new state.
    ///
    /// - Parameters:
    ///   - overDamaged: Whether a record that cannot be read is treated as absent, so that it can be replaced.
    ///   - decide: Receives the key, or nil if it does not exist. Returns the new key, the same one to change nothing, or nil to
    ///     delete it. It is called again if another writer commits first.
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
            // The batch, which contains the record too, is released before the record is wiped.
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
                // The record may or may not have been written.
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
