import EngineKit
import SecretMemory

/// Key shares that are collected one by one under a nonce until there are enough of them. It does not know what the key
/// is for.
struct KeyQuorum: Sendable {
    /// Identifies the attempt, so that shares of two attempts are not mixed.
    let nonce: String
    /// How many shares there are, and how many are needed.
    let count: ShareCount
    /// When the attempt was started.
    let started: Timestamp
    private var shares: [SecretBytes] = []

    init(nonce: String, count: ShareCount, started: Timestamp) {
        self.nonce = nonce
        self.count = count
        self.started = started
    }

    /// How many shares were collected.
    var progress: Int { shares.count }

    /// Discards the collected shares.
    mutating func clear() { shares = [] }

    /// Adds a share. With the last one that is needed, returns the key and discards the shares. A share with the point
    /// of an earlier one replaces it.
    mutating func submit(_ text: String) throws(SealError) -> Outcome {
        let share = try KeyText.share(text, bytes: count.shareBytes)
        let point = Shamir.point(share)
        if count.shares > 1 { shares.removeAll { Shamir.point($0) == point } }
        shares.append(share)
        guard shares.count >= count.threshold else { return .needsMore }
        defer { clear() }
        guard let key = count.combine(shares) else { throw .wrongShares }
        return .complete(key)
    }

    /// The result of adding a share.
    enum Outcome {
        case needsMore
        case complete(SecretBytes)
    }
}
