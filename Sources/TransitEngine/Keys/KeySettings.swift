/// The settings that a key was created with and that `config` changes.
struct KeySettings: Sendable, Hashable {
    var type: KeyType
    var isDerived = false
    var isConvergent = false
    var isExportable = false
    var allowsBackup = false
    var allowsDeletion = false
    var isImported = false
    var allowsImportedRotation = false
    /// The oldest version that may decrypt and verify.
    var minDecryption = 1
    /// The oldest version that may encrypt and sign, or 0 for any. The newest is used unless the caller asks for another
    /// one.
    var minEncryption = 0
    /// The oldest version that was not trimmed, or 0 if none was.
    var minAvailable = 0
    /// The period of automatic rotation in seconds, or 0 for none.
    var autoRotate = 0
    /// The length of an HMAC key in bytes; 0 for every other type.
    var size = 0
    /// The last backup, or nil if there was none.
    var backedUp: TransferEvent?
    /// The last time it was restored, or nil if it never was.
    var restored: TransferEvent?

    /// A backup, or its restoration.
    struct TransferEvent: Sendable, Hashable {
        /// Seconds since 1970.
        var time: Int
        /// The newest version at that time.
        var version: Int
    }

    init(type: KeyType) { self.type = type }
}
