/// The keys of the barrier's own records, all below `core/`. They are needed while the barrier is sealed, and are not
/// reachable through it.
enum CoreKey {
    /// The prefix of the keys.
    static let folder = "core/"
    /// 16 random bytes that identify the store.
    static let instance = "core/instance"
    /// How the root key is encrypted: ``SealRecord``.
    static let seal = "core/seal"
    /// How the recovery key is split into shares, with an auto-unseal seal: ``RecoveryRecord``.
    static let recovery = "core/recovery"
    /// The ``Keyring``, encrypted by the root key.
    static let keyring = "core/keyring"
    /// A check value for each term: ``TermChecks``.
    static let terms = "core/terms"
    /// The progress of encrypting old records with the current term: ``ResealPosition``.
    static let reseal = "core/reseal"

    /// The records that another node may have changed when it changed the keys.
    static let ofKeys = [seal, recovery, keyring, terms]

    /// Whether `key` is below `core/`.
    static func owns(_ key: String) -> Bool { key.utf8.starts(with: folder.utf8) }
}
