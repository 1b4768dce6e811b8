import EngineKit
import SecretMemory

/// How many shares a key is split into, and how many of them give it back.
package struct ShareCount: Sendable, Hashable {
    /// The largest number of shares.
    package static let sharesMax = 255

    /// The number of shares, from 1.
    package let shares: Int
    /// The number of shares that give the key back.
    package let threshold: Int

    /// Creates a count. Throws ``SealError/invalidShareCount(_:)`` unless `1 <= threshold <= shares <= 255`, with a
    /// threshold of at least 2 for more than one share.
    package init(shares: Int, threshold: Int) throws(SealError) {
        guard shares >= 1 else { throw .invalidShareCount("shares must be at least one") }
        guard shares <= Self.sharesMax else { throw .invalidShareCount("shares cannot be more than 255") }
        guard threshold >= 1 else { throw .invalidShareCount("threshold must be at least one") }
        guard threshold <= shares else { throw .invalidShareCount("threshold cannot be larger than shares") }
        guard threshold > 1 || shares == 1 else {
            throw .invalidShareCount("threshold must be greater than one for multiple shares")
        }
        self.shares = shares
        self.threshold = threshold
    }

    /// The length of a share. A key that is not split is its own share, without a point.
    var shareBytes: Int { KeyDerivation.keyBytes + (shares == 1 ? 0 : 1) }

    /// Splits `key`.
    func split(_ key: SecretBytes, randomness: any Randomness) -> [SecretBytes] {
        shares == 1 ? [key] : Shamir.split(key, self, randomness: randomness)
    }

    /// Returns the key of `parts`, or nil if they cannot belong together.
    func combine(_ parts: [SecretBytes]) -> SecretBytes? {
        guard parts.count == threshold, parts.allSatisfy({ $0.count == shareBytes }) else { return nil }
        return shares == 1 ? parts[0] : Shamir.combine(parts)
    }
}
