import EngineKit
import Syntax

/// What the numbers of a key may be, however it comes here: made, imported, restored or read from its record.
extension KeySettings {
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
