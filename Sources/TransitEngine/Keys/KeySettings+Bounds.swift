import EngineKit
import Records
import Syntax

/// What the numbers of a key may be, however it comes here: made, imported, restored or read from its record.
extension KeySettings: SettingsRecord {
    static let settings = Settings(
        new: KeySettings(type: .aes256GCM),
        Setting(
            "derived", \.isDerived, as: .flag, help: "Each operation names a context, and each context has a key of its own."),
        Setting("deletion_allowed", \.allowsDeletion, as: .flag, help: "Whether the key may be deleted."),
        Setting("exportable", \.isExportable, as: .latch, help: "Allows `export`; cannot be taken back."),
        Setting("allow_plaintext_backup", \.allowsBackup, as: .latch, help: "Allows `backup`; cannot be taken back."),
        Setting(
            "auto_rotate_period", \.autoRotate,
            as: .duration { seconds, _ throws(CofferError) in
                guard seconds == 0 || autoRotatePeriods.contains(seconds) else {
                    throw .invalid("auto rotate period must be 0 to disable or at least an hour")
                }
            }, help: "Rotates the key at this interval; an hour at least, 0 for never."),
        Setting(
            "convergent_encryption", \.isConvergent, as: .flag.hidden,
            help: "Equal plaintext and context give equal ciphertext."),
        Setting("key_size", \.size, as: .keySize, help: "Bytes of an HMAC key: 32 to 512."))

    static let hmacSizes = 32...512
    /// Bytes of the key that `hmac` uses, for every other type.
    static let hmacKeyBytes = 32
    /// Seconds.
    static let autoRotatePeriods = 3_600...DurationText.secondsMax
    /// As many digits as a ciphertext may give its version.
    static let versionMax = 999_999_999
    /// Seconds since 1970 that a record may name: from 1870 to 2170.
    static let moments = -3_155_760_000...6_311_520_000
    static let certificatesMax = 16

    /// Throws for what cannot go together.
    func check() throws(CofferError) {
        if isConvergent, !isDerived {
            throw .invalid("convergent encryption requires derivation to be enabled")
        }
        if isDerived, !type.derives || (isConvergent && type.family != .cipher) {
            throw .invalid("key derivation and convergent encryption not supported for keys of type \(type.rawValue)")
        }
        if type == .hmac {
            guard Self.hmacSizes.contains(size) else {
                throw .invalid("invalid key size for HMAC key, must be between 32 and 512 bytes")
            }
        } else if size != 0 {
            throw .invalid("key_size may only be set for keys of type hmac")
        }
    }

    /// Whether making, configuring, trimming, backing up and restoring can have led to these settings of a key with
    /// these versions.
    func isPossible(oldest: Int, latest: Int) -> Bool {
        guard oldest >= 1, latest >= oldest, latest <= Self.versionMax, oldest == max(minAvailable, 1),
            (1...latest).contains(minDecryption), (0...minDecryption).contains(minAvailable),
            minEncryption == 0 || (minDecryption...latest).contains(minEncryption),
            autoRotate == 0 || Self.autoRotatePeriods.contains(autoRotate)
        else { return false }
        let isMomentous = [backedUp, restored].compactMap(\.self).allSatisfy { moment in
            Self.moments.contains(moment.time) && (1...Self.versionMax).contains(moment.version)
        }
        guard isMomentous else { return false }
        do { try check() } catch { return false }
        return true
    }
}

extension SettingKind where Value == Int {
    /// The size of a key in bytes, where 0 means the default of its type. ``KeyView`` shows it.
    fileprivate static var keySize: Self {
        Self(
            .int, shown: { _ in nil }, read: { $0.intValue },
            take: { sent, _, current throws(CofferError) in
                guard let size = sent.intValue, size != 0 else { return current }
                return size
            })
    }
}
