import EngineKit

/// What one operation with a key costs, so that a request is refused which would take minutes.
struct WorkCost: Sendable {
    /// Of one processor, generously: what counts is the order of magnitude.
    let microseconds: Int
    /// Takes so long that it does not run on an event loop even once.
    let isSlow: Bool
    private let type: KeyType

    /// Of one request: about as long as anybody waits for an answer.
    static let microsecondsMax = 10_000_000

    /// Signing, decrypting and encrypting again.
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

    var itemsMax: Int { Self.microsecondsMax / microseconds }

    func check(_ count: Int) throws(CofferError) {
        guard count <= itemsMax else {
            throw .invalid(
                "the batch has \(count) items, and one request may have \(itemsMax) of them with a key of type \(type.rawValue); "
                    + "send them in several requests")
        }
    }
}
