/// What a key was made with and what `config` changes.
struct KeySettings: Sendable, Hashable {
    var type: KeyType
    var isDerived = false
    var isConvergent = false
    var isExportable = false
    var allowsBackup = false
    var allowsDeletion = false
    var isImported = false
    var allowsImportedRotation = false
    /// Older versions open and verify nothing.
    var minDecryption = 1
    /// Older versions make nothing; 0 means only the newest is meant by default, and any may be asked for.
    var minEncryption = 0
    /// Older versions are gone for good.
    var minAvailable = 0
    /// Seconds; 0 is never.
    var autoRotate = 0
    /// Bytes of an HMAC key; 0 for every other type.
    var size = 0
    /// When and with which newest version it was backed up or restored last.
    var backedUp: Moment?
    var restored: Moment?

    struct Moment: Sendable, Hashable {
        /// Seconds since 1970.
        var time: Int
        var version: Int
    }

    init(type: KeyType) { self.type = type }

}
