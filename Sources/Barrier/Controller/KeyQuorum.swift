import EngineKit
import SecretMemory

/// Shares gathered one by one for one purpose, under a nonce. Knows nothing of what the key is for.
struct KeyQuorum: Sendable {
    let nonce: String
    let count: ShareCount
    let started: Timestamp
    private var shares: [SecretBytes] = []

    init(nonce: String, count: ShareCount, started: Timestamp) {
        self.nonce = nonce
        self.count = count
        self.started = started
    }

    var progress: Int { shares.count }

    /// Forgets what was gathered.
    mutating func clear() { shares = [] }

    /// Takes one share; with the last one that was needed, gives back the key and forgets the shares. A share at a
    /// point that was given before takes the other's place.
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

    enum Outcome {
        case needsMore
        case complete(SecretBytes)
    }
}
