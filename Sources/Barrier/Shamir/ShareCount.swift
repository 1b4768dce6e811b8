import EngineKit
import SecretMemory

/// Into how many shares a key is split, and how many give it back.
package struct ShareCount: Sendable, Hashable {
    package static let sharesMax = 255

    package let shares: Int
    package let threshold: Int

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

    /// A key that is not split is its own share and has no point.
    var shareBytes: Int { KeyDerivation.keyBytes + (shares == 1 ? 0 : 1) }

    func split(_ key: SecretBytes, randomness: any Randomness) -> [SecretBytes] {
        shares == 1 ? [key] : Shamir.split(key, self, randomness: randomness)
    }

    /// Nil for shares that cannot belong together.
    func combine(_ parts: [SecretBytes]) -> SecretBytes? {
        guard parts.count == threshold, parts.allSatisfy({ $0.count == shareBytes }) else { return nil }
        return shares == 1 ? parts[0] : Shamir.combine(parts)
    }
}
