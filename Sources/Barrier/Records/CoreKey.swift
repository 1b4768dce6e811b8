/// Keys below `core/` are the barrier's own: they are needed while it is sealed, and nobody reaches them through it.
enum CoreKey {
    static let folder = "core/"
    /// 16 bytes that tell this store from every other.
    static let instance = "core/instance"
    /// How the root key is wrapped: ``SealRecord``.
    static let seal = "core/seal"
    /// The recovery key's shares, with a seal that opens by itself: ``RecoveryRecord``.
    static let recovery = "core/recovery"
    /// The ``Keyring``, sealed by the root key.
    static let keyring = "core/keyring"
    /// A check value for each term: ``TermChecks``.
    static let terms = "core/terms"
    /// How far the re-sealing of old records has come: ``ResealPosition``.
    static let reseal = "core/reseal"

    /// What another node changes with the keys.
    static let ofKeys = [seal, recovery, keyring, terms]

    static func owns(_ key: String) -> Bool { key.utf8.starts(with: folder.utf8) }
}
