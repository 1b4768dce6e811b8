/// The type of a key. The raw value is its name in the Vault API.
///
/// The order is that of the codes in stored records, so new types come last, and none is removed.
enum KeyType: String, Sendable, CaseIterable {
    case aes128GCM = "aes128-gcm96"
    case aes256GCM = "aes256-gcm96"
    case chaCha20 = "chacha20-poly1305"
    case xChaCha20 = "xchacha20-poly1305"
    case xaes256GCM = "xaes256-gcm"
    case ed25519
    case p256 = "ecdsa-p256"
    case p384 = "ecdsa-p384"
    case p521 = "ecdsa-p521"
    case rsa2048 = "rsa-2048"
    case rsa3072 = "rsa-3072"
    case rsa4096 = "rsa-4096"
    case hmac
    case mlDSA65 = "ml-dsa-65"
    case mlDSA87 = "ml-dsa-87"
    case mlKEM768 = "ml-kem-768"
    case mlKEM1024 = "ml-kem-1024"
    case xWing = "x-wing"

    /// Returns the message about a type that is unknown, or that has no place among `types`.
    static func unknown(among types: [KeyType]) -> String {
        "unknown key type; 'type' must be one of " + types.map(\.rawValue).joined(separator: ", ")
    }

    /// Types that share an implementation.
    enum Family: Sendable { case cipher, message, ecdsa, rsa, hmac, kem }

    var family: Family {
        switch self {
        case .aes128GCM, .aes256GCM, .chaCha20, .xChaCha20, .xaes256GCM: .cipher
        case .ed25519, .mlDSA65, .mlDSA87: .message
        case .p256, .p384, .p521: .ecdsa
        case .rsa2048, .rsa3072, .rsa4096: .rsa
        case .hmac: .hmac
        case .mlKEM768, .mlKEM1024, .xWing: .kem
        }
    }

    var encrypts: Bool { family == .cipher || family == .rsa || family == .kem }
    var signs: Bool { family == .message || family == .ecdsa || family == .rsa }
    /// Whether a key for each context can be derived from it.
    var derives: Bool { family == .cipher || self == .ed25519 }
    /// Whether its versions have public keys.
    var isAsymmetric: Bool { family != .cipher && family != .hmac }
    /// Whether the input of a signature is hashed first.
    var hashesInput: Bool { family == .ecdsa || family == .rsa }
    /// Whether operations take milliseconds, so that they may not run on an event loop.
    var isSlow: Bool { family == .rsa || family == .message && self != .ed25519 }

    /// The length of a symmetric key or a seed in bytes, or nil if the key has another form or any length.
    var secretBytes: Int? {
        switch self {
        case .aes128GCM: 16
        case .aes256GCM, .chaCha20, .xChaCha20, .xaes256GCM, .ed25519, .mlDSA65, .mlDSA87, .xWing: 32
        case .mlKEM768, .mlKEM1024: 64
        case .p256, .p384, .p521, .rsa2048, .rsa3072, .rsa4096, .hmac: nil
        }
    }

    /// The length of the modulus of an RSA key, or nil for other types.
    var rsaBits: Int? {
        switch self {
        case .rsa2048: 2048
        case .rsa3072: 3072
        case .rsa4096: 4096
        default: nil
        }
    }

    /// The name in descriptions of the versions of a key, as Vault writes it.
    var shownName: String {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        default: rawValue
        }
    }

    /// The number of the type in stored records: its place among the cases, from 1.
    var code: UInt8 { UInt8(Self.allCases.prefix { $0 != self }.count + 1) }

    init?(code: UInt8) {
        guard (1...Self.allCases.count).contains(Int(code)) else { return nil }
        self = Self.allCases[Int(code) - 1]
    }
}
