import EngineKit
import Syntax

/// Bounds of the numbers in a key, whether it is made, imported, restored or read from its record.
extension KeySettings {
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

    /// Reports whether making, configuring, trimming, backing up and restoring can lead to these settings of a key with
    /// these versions.
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
