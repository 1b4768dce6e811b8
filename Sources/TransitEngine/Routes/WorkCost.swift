import EngineKit

/// The cost of an operation with a key. Requests that would take minutes are refused.
struct WorkCost: Sendable {
    /// The processor time, estimated generously. Only the order of magnitude matters.
    let microseconds: Int
    /// Whether one operation takes too long for an event loop.
    let isSlow: Bool
    private let type: KeyType

    /// The longest processor time of a request: about as long as a client waits for an answer.
    static let microsecondsMax = 10_000_000

    /// The cost of signing, decrypting and rewrapping.
    static func privateOperation(_ type: KeyType) -> WorkCost {
        WorkCost(type, rsa: [1_500, 4_000, 8_000], isSlow: type.isSlow)
    }

    static func verifying(_ type: KeyType) -> WorkCost { WorkCost(type, rsa: [200, 300, 500], isSlow: type.isSlow) }
    static func encrypting(_ type: KeyType) -> WorkCost { WorkCost(type, rsa: [200, 300, 500], isSlow: false) }
    static let hmac = WorkCost(.hmac, rsa: [0, 0, 0], isSlow: false)

    private init(_ type: KeyType, rsa: [Int], isSlow: Bool) {
        self.type = type
        self.isSlow = isSlow
        microseconds =
            switch type {
            case .aes128GCM, .aes256GCM, .chaCha20, .xChaCha20, .xaes256GCM, .hmac: 10
            case .ed25519, .p256: 100
            case .p384: 700
            case .p521: 1_000
            case .rsa2048: rsa[0]
            case .rsa3072: rsa[1]
            case .rsa4096: rsa[2]
            case .mlDSA65, .mlDSA87: 1_000
            case .mlKEM768, .mlKEM1024, .xWing: 300
            }
    }

    /// The largest number of items in a batch.
    var itemsMax: Int { Self.microsecondsMax / microseconds }

    /// Throws if a batch has too many items.
    func check(_ count: Int) throws(CofferError) {
        guard count <= itemsMax else {
            throw .invalid(
                "the batch has \(count) items, and one request may have \(itemsMax) of them with a key of type \(type.rawValue); "
                    + "send them in several requests")
        }
    }
}
