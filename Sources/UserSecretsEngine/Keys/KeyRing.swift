import EngineKit
import Records
import Synchronization
import Syntax

/// Opens the data keys of owners with the root secret of the mount.
final class KeyRing: Sendable {
    /// An owner's keys as they were read, with the version that every write of something sealed depends on.
    struct Opened: Sendable {
        let owner: Owner
        let keys: OwnerKeys
        fileprivate let root: RootSecret
        /// What must hold for the keys when something that was sealed with them is written.
        let unchanged: Batch.Precondition
        /// Whether they are not stored yet.
        let isNew: Bool

        /// The data key that new values are sealed with.
        func current() throws(StorageError) -> DataKey { try dataKey(keys.currentNumber) }

        /// Returns a version of the data key. Throws ``StorageError/corrupted(key:)`` if it cannot be opened.
        func dataKey(_ version: Int) throws(StorageError) -> DataKey {
            guard let key = keys.dataKey(version, of: owner, under: root) else {
                throw .corrupted(key: "owned/\(owner)/keys")
            }
            return key
        }
    }

    private let storage: any Storage
    private let time: any TimeSource
    private let randomness: any Randomness
    // Versions never change; new ones are only added.
    private let root = Mutex<RootSecret?>(nil)

    static let rootName = "root"

    init(_ context: MountContext) {
        storage = context.storage
        time = context.time
        randomness = context.randomness
    }

    /// Returns the keys of an owner, or nil if it has none or is being deleted.
    func open(_ records: OwnedRecords) async throws -> Opened? {
        guard let found = try await records.find(.keys, as: OwnerKeys.self), !found.value.isDeleting else { return nil }
        return Opened(
            owner: records.owner, keys: found.value, root: try await rootSecret(for: found.value), unchanged: found.unchanged,
            isNew: false)
    }

    /// Returns the keys of an owner, and makes them if it has none. Whoever seals something with them adds ``Opened/unchanged`` or,
    /// for new ones, the keys themselves to the batch: ``OwnedRecords/Changes/protect(_:)``.
    func openOrMake(_ records: OwnedRecords) async throws -> Opened {
        if let found = try await records.find(.keys, as: OwnerKeys.self) {
            guard !found.value.isDeleting else { throw UserSecretsFailure.ownerDeleting }
            return Opened(
                owner: records.owner, keys: found.value, root: try await rootSecret(for: found.value),
                unchanged: found.unchanged, isNew: false)
        }
        let root = try await rootSecret()
        let keys = try OwnerKeys(of: records.owner, under: root, at: time.now().wholeMicroseconds, randomness: randomness)
        return Opened(owner: records.owner, keys: keys, root: root, unchanged: .absent, isNew: true)
    }

    /// Returns the keys of an owner with a new version.
    func adding(to opened: Opened) async throws -> OwnerKeys {
        try opened.keys.adding(
            opened.owner, under: try await rootSecret(), at: time.now().wholeMicroseconds, randomness: randomness)
    }

    /// Forgets the root secret, which another node may have given a new version.
    func forget() { root.withLock { $0 = nil } }

    /// Returns the root secret with all versions that the keys were wrapped under.
    private func rootSecret(for keys: OwnerKeys) async throws -> RootSecret {
        let known = try await rootSecret()
        if keys.versions.allSatisfy({ known[$0.root] != nil }) { return known }
        forget()
        return try await rootSecret()
    }

    private func rootSecret() async throws -> RootSecret {
        if let known = root.withLock({ $0 }) { return known }
        let stored = try await storage.transact { batch in
            if let record = try await storage.get(Self.rootName) {
                guard let stored = RootSecret(decoding: record.value) else { throw StorageError.corrupted(key: Self.rootName) }
                return stored
            }
            let made = RootSecret(randomness: randomness)
            batch.put(Self.rootName, made.encoded(), if: .absent)
            return made
        }
        root.withLock { $0 = stored }
        return stored
    }
}

extension OwnedRecords.Changes {
    /// Makes the batch fail if the keys are replaced or destroyed before it is committed, and stores them if they are new.
    mutating func protect(_ opened: KeyRing.Opened) {
        if opened.isNew { put(.keys, opened.keys, if: .absent) } else { check(.keys, opened.unchanged) }
    }
}
