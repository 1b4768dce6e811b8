import EngineKit
import Records
import Syntax

/// The settings of a key, with the bounds of its numbers. They are checked when the key is created, imported, restored or
/// read from its record.
extension KeySettings: SettingsRecord {
    static let settings = Settings(
        new: KeySettings(type: .aes256GCM),
        Setting(
            "derived", \.isDerived, as: .flag, help: "Whether each operation names a context, for which a key is derived."),
        Setting("deletion_allowed", \.allowsDeletion, as: .flag, help: "Whether the key may be deleted."),
        Setting("exportable", \.isExportable, as: .latch, help: "Whether `export` is allowed; it cannot be forbidden again."),
        Setting(
            "allow_plaintext_backup", \.allowsBackup, as: .latch, help: "Whether `backup` is allowed; it cannot be forbidden again."
        ),
        Setting(
            "auto_rotate_period", \.autoRotate,
            as: .duration { seconds, _ throws(CofferError) in
                guard seconds == 0 || autoRotatePeriods.contains(seconds) else {
                    throw .invalid("auto rotate period must be 0 to disable or at least an hour")
                }
            }, help: "The period of automatic rotation: an hour at least, or 0 for none."),
        Setting(
            "convergent_encryption", \.isConvergent, as: .flag.hidden,
            help: "Whether equal plaintext and context give equal ciphertext."),
        Setting("key_size", \.size, as: .keySize, help: "Bytes of an HMAC key: 32 to 512."))

    /// Lengths of an HMAC key in bytes.
    static let hmacSizes = 32...512
    /// The length in bytes of the key that `hmac` uses if the key is of another type.
    static let hmacKeyBytes = 32
    /// Periods of automatic rotation in seconds.
    static let autoRotatePeriods = 3_600...DurationText.secondsMax
    /// The highest number of a version. A ciphertext gives it nine digits.
    static let versionMax = 999_999_999
    /// Times that a record may name, in seconds since 1970: from 1870 to 2170.
    static let times = -3_155_760_000...6_311_520_000
    /// The longest chain of certificates for one version.
    static let certificatesMax = 16

    /// Throws if the settings contradict each other or the type of the key.
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

    /// Whether creating, configuring, trimming, backing up and restoring can lead to these settings of a key with these
    /// versions.
    func isPossible(oldest: Int, latest: Int) -> Bool {
        guard oldest >= 1, latest >= oldest, latest <= Self.versionMax, oldest == max(minAvailable, 1),
            (1...latest).contains(minDecryption), (0...minDecryption).contains(minAvailable),
            minEncryption == 0 || (minDecryption...latest).contains(minEncryption),
            autoRotate == 0 || Self.autoRotatePeriods.contains(autoRotate)
        else { return false }
        let areEventsPossible = [backedUp, restored].compactMap(\.self).allSatisfy { event in
            Self.times.contains(event.time) && (1...Self.versionMax).contains(event.version)
        }
        guard areEventsPossible else { return false }
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
