import Crypto
import EngineKit
import FoundationEssentials
import SecretMemory

/// A key for encryption that resists quantum computers: HPKE with X-Wing, or ML-KEM with HKDF and AES-256-GCM.
///
/// A ciphertext is `encapsulated key | ciphertext | tag`. See docs/formats/transit.md.
enum KEMKey: Sendable {
    case mlKEM768(MLKEM768.PrivateKey?, MLKEM768.PublicKey)
    case mlKEM1024(MLKEM1024.PrivateKey?, MLKEM1024.PublicKey)
    case xWing(XWingMLKEM768X25519.PrivateKey?, XWingMLKEM768X25519.PublicKey)

    /// Reads a private key.
    init(_ type: KeyType, seed: SecretBytes) throws(CofferError) {
        do {
            self = try seed.withBytes { seed in
                let seed = Data(seed)
                switch type {
                case .mlKEM768:
                    let key = try MLKEM768.PrivateKey(seedRepresentation: seed, publicKey: nil)
                    return .mlKEM768(key, key.publicKey)
                case .mlKEM1024:
                    let key = try MLKEM1024.PrivateKey(seedRepresentation: seed, publicKey: nil)
                    return .mlKEM1024(key, key.publicKey)
                default:
                    let key = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: seed, publicKey: nil)
                    return .xWing(key, key.publicKey)
                }
            }
        } catch {
            throw .invalid("the key is imported as its seed: 64 bytes for ML-KEM, 32 for X-Wing")
        }
    }

    /// Reads a public key.
    init(_ type: KeyType, publicKey: [UInt8]) throws(CofferError) {
        do {
            switch type {
            case .mlKEM768: self = .mlKEM768(nil, try .init(rawRepresentation: publicKey))
            case .mlKEM1024: self = .mlKEM1024(nil, try .init(rawRepresentation: publicKey))
            default: self = .xWing(nil, try .init(rawRepresentation: publicKey))
            }
        } catch {
            throw .invalid("the key could not be read, or is not of the type that was named")
        }
    }

    /// The public key as FIPS 203 or the draft of X-Wing encodes it.
    var publicKey: [UInt8] {
        switch self {
        case .mlKEM768(_, let key): [UInt8](key.rawRepresentation)
        case .mlKEM1024(_, let key): [UInt8](key.rawRepresentation)
        case .xWing(_, let key): [UInt8](key.rawRepresentation)
        }
    }

    private static let suite = HPKE.Ciphersuite.XWingMLKEM768X25519_SHA256_AES_GCM_256
    private static let hpkeInfo = Data("coffer/transit/x-wing/v1".utf8)

    private var encapsulatedBytes: Int {
        switch self {
        case .mlKEM768: 1_088
        case .mlKEM1024: 1_568
        case .xWing: 1_120
        }
    }

    /// Encrypts to the public key.
    func seal(_ plaintext: [UInt8], authenticating associated: [UInt8]) throws(CofferError) -> [UInt8] {
        do {
            switch self {
            case .mlKEM768(_, let key):
                return try seal(plaintext, authenticating: associated, encapsulation: try key.encapsulate(), name: "ml-kem-768")
            case .mlKEM1024(_, let key):
                return try seal(plaintext, authenticating: associated, encapsulation: try key.encapsulate(), name: "ml-kem-1024")
            case .xWing(_, let key):
                var sender = try HPKE.Sender(recipientKey: key, ciphersuite: Self.suite, info: Self.hpkeInfo)
                return [UInt8](sender.encapsulatedKey) + (try sender.seal(plaintext, authenticating: associated))
            }
        } catch {
            throw CofferError(.internal, "the message could not be encrypted")
        }
    }

    /// Decrypts. All failures have the same error.
    func open(_ sealed: [UInt8], authenticating associated: [UInt8]) throws(CofferError) -> [UInt8] {
        guard sealed.count >= encapsulatedBytes + SymmetricCipher.tagBytes else { throw SymmetricCipher.doesNotOpen }
        let (encapsulated, text) = (Data(sealed[..<encapsulatedBytes]), sealed[encapsulatedBytes...])
        do {
            switch self {
            case .mlKEM768(let key?, _):
                return try open(
                    text, authenticating: associated, sharedSecret: try key.decapsulate(encapsulated),
                    encapsulated: encapsulated, name: "ml-kem-768")
            case .mlKEM1024(let key?, _):
                return try open(
                    text, authenticating: associated, sharedSecret: try key.decapsulate(encapsulated),
                    encapsulated: encapsulated, name: "ml-kem-1024")
            case .xWing(let key?, _):
                var recipient = try HPKE.Recipient(
                    privateKey: key, ciphersuite: Self.suite, info: Self.hpkeInfo, encapsulatedKey: encapsulated)
                return [UInt8](try recipient.open(text, authenticating: associated))
            default: throw CofferError.invalid("requested operation is not allowed without a private key")
            }
        } catch let error as CofferError {
            throw error
        } catch {
            throw SymmetricCipher.doesNotOpen
        }
    }

    // MARK: ML-KEM

    private func seal(
        _ plaintext: [UInt8], authenticating associated: [UInt8], encapsulation: KEM.EncapsulationResult, name: String
    ) throws -> [UInt8] {
        let key = messageKey(encapsulation.sharedSecret, encapsulated: encapsulation.encapsulated, name: name)
        let box = try AES.GCM.seal(plaintext, using: key, nonce: try Self.onlyNonce, authenticating: associated)
        return [UInt8](encapsulation.encapsulated) + box.ciphertext + box.tag
    }

    /// Returns the ciphertext for a given encapsulated key, so that published test vectors can be checked.
    func sealed(_ plaintext: [UInt8], shared: SymmetricKey, encapsulated: [UInt8]) throws -> [UInt8] {
        let name = encapsulated.count == 1_088 ? "ml-kem-768" : "ml-kem-1024"
        let encapsulation = KEM.EncapsulationResult(sharedSecret: shared, encapsulated: Data(encapsulated))
        return try seal(plaintext, authenticating: [], encapsulation: encapsulation, name: name)
    }

    private func open(
        _ text: ArraySlice<UInt8>, authenticating associated: [UInt8], sharedSecret: SymmetricKey, encapsulated: Data, name: String
    ) throws -> [UInt8] {
        let box = try AES.GCM.SealedBox(
            nonce: try Self.onlyNonce, ciphertext: text.dropLast(SymmetricCipher.tagBytes),
            tag: text.suffix(SymmetricCipher.tagBytes))
        let key = messageKey(sharedSecret, encapsulated: encapsulated, name: name)
        return [UInt8](try AES.GCM.open(box, using: key, authenticating: associated))
    }

    /// The nonce of every message: each has a different key, so the nonce may repeat.
    private static var onlyNonce: AES.GCM.Nonce {
        get throws { try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12)) }
    }

    /// Returns the key of a message, which depends on the encapsulated key and on the public key that it was made for.
    private func messageKey(_ shared: SymmetricKey, encapsulated: Data, name: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: shared, salt: Array(SHA256.hash(data: encapsulated)),
            info: Array("coffer/transit/\(name)/v1".utf8) + Array(SHA256.hash(data: publicKey)), outputByteCount: 32)
    }
}
