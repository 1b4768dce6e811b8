import EngineKit
import SecretMemory

/// What the store says about its seal. The versions are the conditions for changing it.
struct StoredSeal {
    var instance: [UInt8]
    var seal: SealRecord
    var sealVersion: UInt64
    var recovery: RecoveryRecord?
    var recoveryVersion: UInt64?

    var context: SealContext { seal.context(instance: instance) }

    /// The shares that a quorum needs: of the unseal key, or of the recovery key with an auto-unseal seal. Nil if there
    /// is no recovery key.
    var quorumCount: ShareCount? { seal.kind.unsealsAutomatically ? recovery?.count : seal.count }

    /// Reads the seal. Returns nil if the store was never initialized.
    static func load(_ base: any Storage) async throws(SealError) -> StoredSeal? {
        guard let seal = try await base.read(CoreKey.seal) else { return nil }
        guard let instance = try await base.read(CoreKey.instance), instance.value.count == 16 else {
            throw .corrupted(CoreKey.instance)
        }
        let recovery = try await base.read(CoreKey.recovery)
        var stored = StoredSeal(
            instance: instance.value, seal: try SealRecord(decoding: seal.value), sealVersion: seal.version,
            recoveryVersion: recovery?.version)
        if let recovery { stored.recovery = try RecoveryRecord(decoding: recovery.value) }
        return stored
    }

    /// Decrypts the keyring with a root key and compares it with the check values of its terms.
    func openKeyring(root: SecretBytes, in base: any Storage) async throws(SealError) -> Keyring {
        guard let record = try await base.read(CoreKey.keyring) else { throw .corrupted(CoreKey.keyring) }
        guard let checks = try await base.read(CoreKey.terms) else { throw .corrupted(CoreKey.terms) }
        let keyring = try Keyring.open(record, root: root, instance: instance)
        try TermChecks(decoding: checks.value).verify(keyring)
        return keyring
    }

    /// Whether `key` is the unseal key or the recovery key of this store. `keyring` holds the keys in use.
    func accepts(_ key: SecretBytes, keyring: Keyring) async throws(SealError) -> Bool {
        if seal.kind.unsealsAutomatically {
            guard let recovery else { throw .notSupported(SealController.noRecoveryKeys) }
            return try recovery.matches(key, instance: instance, root: keyring.root)
        }
        do throws(SealError) {
            let root = try await ShamirSeal(unsealKey: key).unwrap(seal.wrapped, context)
            return root.withBytes { root in keyring.root.withBytes { constantTimeEqual(root, $0) } }
        } catch .wrongShares {
            return false
        }
    }
}

extension Storage {
    /// Returns a record, with its error as a ``SealError``.
    func read(_ key: String) async throws(SealError) -> StoredRecord? {
        do throws(StorageError) {
            return try await get(key)
        } catch {
            throw .storage(error)
        }
    }

    /// Commits a batch, with its error as a ``SealError``.
    func write(_ batch: Batch) async throws(SealError) {
        do throws(StorageError) {
            try await commit(batch)
        } catch {
            throw .storage(error)
        }
    }

    /// Commits a batch. If the store cannot say whether it was written, `key` is read and compared with `value`: new
    /// key shares must not be lost with an answer.
    func write(_ batch: Batch, confirming key: String, holds value: [UInt8]) async throws(SealError) {
        do throws(StorageError) {
            try await commit(batch)
        } catch {
            guard case .unavailable = error, let written = try? await get(key), written.value == value else {
                throw .storage(error)
            }
        }
    }
}
